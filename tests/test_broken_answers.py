"""A backend whose answers are broken has refused nothing: what it got is sent again. Only a success stays one, whatever its body."""

import socket
import threading

import pytest

from configurations import forwarding
from test_refusals import post, spans
from waiting import wait_until

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def read_request(connection):
    with connection.makefile("rb") as stream:
        length = 0
        while (line := stream.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        stream.read(length)


class ScriptedBackend:
    """Answers one request a connection with the next of `answers`, then closes it; the last answer is given for ever."""

    def __init__(self, answers):
        self._answers = list(answers)
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            with connection:
                read_request(connection)
                self.requests += 1
                connection.sendall(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def start(vigia, backend):
    return vigia(forwarding({"otlphttp": {"endpoint": backend.url, "compression": "none", "sending_queue": {"num_consumers": 1},
                                          "retry_on_failure": {"initial_interval": "10ms", "max_interval": "10ms"}}}))


@pytest.mark.parametrize("broken", [
    b"garbage that is no HTTP at all\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: seven\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    b"",
], ids=["garbage", "length", "chunk", "cut", "long head", "nothing"])
def test_a_broken_answer_is_no_refusal(vigia, broken):
    with ScriptedBackend([broken, broken, GOOD]) as backend:
        collector = start(vigia, backend)
        assert post(collector, spans(3)).status_code == 200
        wait_until(lambda: collector.metrics()["otelcol_exporter_sent_spans"] == 3, "the third try has succeeded")
        assert backend.requests == 3
        assert collector.metrics()["otelcol_exporter_send_failed_spans"] == 0


def test_a_success_with_an_unreadable_body_is_one_and_is_logged(vigia):
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x0a\xff\xff"
    with ScriptedBackend([answer]) as backend:
        collector = start(vigia, backend)
        assert post(collector, spans(3)).status_code == 200
        collector.wait_for_log("its body cannot be read")
        wait_until(lambda: collector.metrics()["otelcol_exporter_sent_spans"] == 3, "the try has succeeded")
        assert backend.requests == 1
