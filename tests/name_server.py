"""A DNS server of the test's: one name, whose addresses change as it is told, and what else name servers do."""

import random
import socket
import struct
import threading
import time

NAME = "backend.test"
A, AAAA = 1, 28

# What it can answer instead of addresses.
FAILURES = {
    "NXDOMAIN": "there is no such name",
    "SERVFAIL": "the server cannot find out",
    "silence": "no answer at all",
}
_CODES = {"NXDOMAIN": 3, "SERVFAIL": 2}


class NameServer:
    """Programs ask on port 53 only, which takes root; of the many addresses of the loopback it takes one that is free."""

    def __init__(self, answer=()):
        self._socket, self.address = _bound_socket()
        self.answer = answer  # a list of IPv4 addresses, or one of FAILURES
        self._asked = []
        self._is_over = False
        self._socket.settimeout(0.2)
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def asked(self, kind=A, since=0.0):
        """How often it was asked for the addresses of the name."""
        with self._lock:
            return sum(1 for when, of in self._asked if of == kind and when >= since)

    def _serve(self):
        with self._socket:
            while not self._is_over:
                try:
                    question, client = self._socket.recvfrom(4096)
                except TimeoutError:
                    continue
                if reply := self._reply(question):
                    self._socket.sendto(reply, client)

    def _reply(self, message):
        """The program is answered in the form that it asked in; what it asks beyond the first question is not looked at."""
        labels, end = [], 12
        while size := message[end]:
            labels.append(message[end + 1:end + 1 + size].decode().lower())
            end += 1 + size
        kind = struct.unpack_from("!H", message, end + 1)[0]
        question = message[12:end + 5]
        is_ours = ".".join(labels) == NAME
        answer = self.answer if is_ours else "NXDOMAIN"  # resolvers try other ends of a name, too
        if is_ours:
            with self._lock:
                self._asked.append((time.monotonic(), kind))
        if answer == "silence":
            return None
        code = _CODES[answer] if isinstance(answer, str) else 0
        addresses = answer if code == 0 and kind == A else []  # a name without IPv6 addresses is there all the same
        head = message[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        records = [b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 0, 4) + socket.inet_aton(address) for address in addresses]
        return head + question + b"".join(records)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over = True  # closing would not wake who reads


def _bound_socket():
    while True:
        address = "127.{}.{}.{}".format(*(random.randint(2, 250) for _ in range(3)))
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            bound.bind((address, 53))
            return bound, address
        except OSError as error:
            bound.close()
            if isinstance(error, PermissionError):
                raise
