"""A backend at one address that goes away and comes back, and remembers all the while what it acknowledged."""

import socket

from otlp_sinks import GrpcSink, Sink


class ReturningBackend(Sink):
    """OTLP/gRPC, or another front. While it is away, connections are refused; the port is kept, so that nobody else gets it."""

    def __init__(self, is_there=False, front=GrpcSink):
        super().__init__()
        self.front = front  # may be another one the next time that it comes
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._place.bind(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._place.getsockname()[1]}"
        self._front = None
        if is_there:
            self.come()

    def come(self):
        self._front = self.front(address=self.endpoint, record=self.record)

    def leave(self):
        """At once: requests that are being answered get no answer, and may have been recorded all the same."""
        if self._front:
            self._front.close()
            self._front = None

    @property
    def is_there(self):
        return self._front is not None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()
        self._place.close()
