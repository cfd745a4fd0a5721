"""A network between exporter and backend that misbehaves as it is told: a TCP proxy that knows nothing of what it carries."""

import socket
import struct
import threading
import time
from collections import Counter

# What it can do to a connection, besides "healthy". None of it changes a byte: a network cuts, delays and loses the end.
BEHAVIOURS = {
    "refuses": "takes connections and resets them at once",
    "resets in a request": "passes half of what came and resets both sides",
    "loses answers": "passes requests, and resets both sides when the backend answers",
    "half closed to the exporter": "tells the exporter that nothing more will come, and goes on taking requests",
    "half closed to the backend": "tells the backend that nothing more will come in the middle of a request",
    "trickles requests": "passes one byte a second",
    "trickles answers": "passes one byte a second of what the backend says",
    "hangs": "passes nothing, and keeps connections open",
}
REQUEST_BYTES = 1000  # more than the beginning of an HTTP/2 connection, less than any request


class _Link:
    """One connection of the exporter's with its connection to the backend."""

    def __init__(self, exporter, backend):
        self.exporter, self.backend = exporter, backend
        self.sent_bytes = 0  # by the exporter

    def reset(self):
        for end in (self.exporter, self.backend):
            try:
                # Without lingering, closing sends RST; shutting down first wakes whoever reads.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.close()
            except OSError:
                pass


class MisbehavingProxy:
    def __init__(self, backend_address):
        host, port = backend_address.rsplit("/", 1)[-1].split(":")
        self._backend_address = (host, int(port))
        self._behaviour = "healthy"
        self._changed = threading.Condition()
        self.misbehaved = Counter()  # how often it did what
        self.longest_hold_s = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    def behave(self, behaviour):
        """From the next piece of data on."""
        assert behaviour == "healthy" or behaviour in BEHAVIOURS, behaviour
        with self._changed:
            self._behaviour = behaviour
            self._changed.notify_all()

    def die(self):
        """Nobody listens any more; connections are reset when the exporter next says something."""
        self.behave("refuses")
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake who accepts
        except OSError:
            pass  # it is dead already
        self._listener.close()

    def _note(self, behaviour):
        with self._changed:
            self.misbehaved[behaviour] += 1

    def _accept(self):
        while True:
            try:
                exporter = self._listener.accept()[0]
            except OSError:
                return
            try:
                link = _Link(exporter, socket.create_connection(self._backend_address, timeout=5))
            except OSError:
                exporter.close()
                continue
            link.backend.settimeout(None)
            if self._behaviour == "refuses":
                self._note("refuses")
                link.reset()
                continue
            for pump in (self._pump_requests, self._pump_answers):
                threading.Thread(target=self._run, args=(pump, link), daemon=True).start()

    def _run(self, pump, link):
        try:
            pump(link)
        except OSError:
            pass  # an end is gone: the other one shall know
        link.reset()

    def _pump_requests(self, link):
        while data := link.exporter.recv(65536):
            link.sent_bytes += len(data)
            data = self._held(data, "hangs")
            data = self._trickled(data, "trickles requests", link.backend)
            if self._behaviour in ("resets in a request", "refuses"):
                link.backend.sendall(data[:len(data) // 2])
                self._note(self._behaviour)
                return
            if self._behaviour == "half closed to the backend":
                link.backend.sendall(data[:len(data) // 2])
                link.backend.shutdown(socket.SHUT_WR)
                self._note(self._behaviour)
                self._wait_for_end(link)
                return
            link.backend.sendall(data)
            if self._behaviour == "half closed to the exporter" and link.sent_bytes >= REQUEST_BYTES:
                link.exporter.shutdown(socket.SHUT_WR)
                self._note(self._behaviour)

    def _pump_answers(self, link):
        while data := link.backend.recv(65536):
            data = self._held(data, "hangs")
            data = self._trickled(data, "trickles answers", link.exporter)
            if self._behaviour == "loses answers" and link.sent_bytes >= REQUEST_BYTES:
                self._note(self._behaviour)
                return
            link.exporter.sendall(data)
        if self._behaviour == "half closed to the backend":
            self._wait_for_end(link)

    def _wait_for_end(self, link):
        """Both halves of a half-closed connection stay as they are until an end goes or the network is another."""
        with self._changed:
            self._changed.wait_for(lambda: self._behaviour != "half closed to the backend", 2)

    def _held(self, data, behaviour):
        begin = time.monotonic()
        with self._changed:
            while self._behaviour == behaviour:
                self.misbehaved[behaviour] += 1
                self._changed.wait(0.1)
                self.longest_hold_s = max(self.longest_hold_s, time.monotonic() - begin)
        return data

    def _trickled(self, data, behaviour, target):
        """What is left of the data when the network is another."""
        while data and self._behaviour == behaviour:
            target.sendall(data[:1])
            data = data[1:]
            with self._changed:
                self.misbehaved[behaviour] += 1
                self._changed.wait_for(lambda: self._behaviour != behaviour, 1)
        return data
