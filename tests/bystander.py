"""Another client of the same program: whatever a hostile peer does, its requests go on being answered on the same connections."""

import http.client
import threading

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from telemetry import many_spans

REQUEST = many_spans(5)


class Bystander:
    def __init__(self, process):
        self.process = process
        self._http = http.client.HTTPConnection("127.0.0.1", process.ports["otlp_http"], timeout=20)
        self._http.connect()
        self._socket = self._http.sock
        self._channel = grpc.insecure_channel(process.address("otlp_grpc"))
        self._stub = TraceServiceStub(self._channel)
        self._is_over = threading.Event()
        self._failure = None
        self.rounds = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._is_over.is_set() or self.rounds == 0:
                self._round()
                self._is_over.wait(0.02)
            self._round()
        except Exception as failure:  # told by finish(), on the test's thread
            self._failure = failure

    def _round(self):
        self._http.request("POST", "/v1/traces", REQUEST.SerializeToString(), {"Content-Type": "application/x-protobuf"})
        answer = self._http.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert self._http.sock is self._socket, "the bystander's connection was closed"
        self._stub.Export(REQUEST, timeout=20)
        self.rounds += 1

    def finish(self):
        """Sends once more, and says whether anything was ever noticed."""
        self._is_over.set()
        self._thread.join(60)
        self._channel.close()
        self._http.close()
        assert not self._thread.is_alive(), "the bystander is still waiting for an answer"
        assert self._failure is None, f"the bystander noticed: {self._failure!r}"
        assert self.process.is_alive(), self.process.log()[-4000:]
