"""A client of the forward protocol by hand: says what libraries say, and what none would. MessagePack is the published Python package's."""

import gzip
import hashlib
import socket

import msgpack


def event_time(seconds, nanoseconds=0):
    return msgpack.ExtType(0, seconds.to_bytes(4, "big") + nanoseconds.to_bytes(4, "big"))


def entry(line, seconds=1_700_000_000):
    return [event_time(seconds), {"log": line}]


def packed(entries):
    return b"".join(msgpack.packb(one) for one in entries)


def sha512(*parts):
    return hashlib.sha512(b"".join(parts)).hexdigest()


class ForwardClient:
    def __init__(self, port=None, path=None, timeout_s=15):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout_s)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, message):
        self.send_bytes(msgpack.packb(message))

    def receive(self):
        """The next value of the server; None at the end of the connection."""
        while True:
            for value in self._unpacker:
                return value
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._unpacker.feed(data)

    def is_silent(self, for_s):
        self.socket.settimeout(for_s)
        try:
            return self.receive() == "never"
        except TimeoutError:
            return True

    def send_forward(self, tag, entries, **options):
        self.send([tag, entries, options] if options else [tag, entries])

    def send_packed(self, tag, entries, compress=False, **options):
        data = packed(entries)
        if compress:
            # Senders append to a chunk by compressing each part for itself.
            half = len(entries) // 2
            data = gzip.compress(packed(entries[:half])) + gzip.compress(packed(entries[half:]))
            options["compressed"] = "gzip"
        self.send([tag, data, {"size": len(entries), **options}])

    def shake_hands(self, key, username="", password=""):
        """The server's PONG."""
        word, options = self.receive()
        assert word == "HELO", word
        salt, nonce, name = b"salt", options["nonce"], b"client.example"
        auth = options["auth"] or b""
        secret = sha512(auth, username.encode(), password.encode()) if auth else ""
        self.send(["PING", name, salt, sha512(salt, name, nonce, key.encode()), username, secret])
        pong = self.receive()
        if pong[1]:
            assert pong[4] == sha512(salt, pong[3].encode(), nonce, key.encode()), "the server does not know the key"
        return pong
