"""Remote write to receivers that refuse, are busy, are slow or hang up: what is written again, and what is not."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from configurations import forwarding
from metric_requests import Metrics, metrics_only, now_ms, send
from waiting import wait_until


class WriteSink:
    """Takes remote write. `answers` holds (status, headers, body) to give before it starts to accept; "hang up" and "wait" are others."""

    def __init__(self):
        self.answers = []
        self.requests = []  # (headers, body)
        self.accepted = []
        self.hold = threading.Event()
        self.written = {}
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers["content-length"]))
                sink.requests.append((headers, body))
                answer = sink.answers.pop(0) if sink.answers else (204, sink.written, b"")
                if answer == "hang up":
                    self.close_connection = True
                    return
                if answer == "wait":
                    sink.hold.wait(20)
                    answer = (204, {}, b"")
                status, extra, text = answer
                if status // 100 == 2:
                    sink.accepted.append(body)
                self.send_response(status)
                for name, value in {**extra, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sink():
    with WriteSink() as one:
        yield one


def start(vigia, sink, **settings):
    section = {"endpoint": f"{sink.url}/write", "max_batch_request_parallelism": 1, "target_info": {"enabled": False}, **settings}
    return vigia(metrics_only(forwarding({"prometheusremotewrite": section})))


def send_one(process, name="g"):
    send(process, Metrics().gauge(name, 1, now_ms() * 1_000_000))


def sent(process):
    return process.metrics()["otelcol_exporter_sent_metric_points"]


def test_the_protocols_headers(vigia, sink):
    process = start(vigia, sink, headers={"X-Scope-OrgID": "acme", "Content-Type": "text/plain"})
    send_one(process)
    wait_until(lambda: sink.accepted, "it was written")
    headers, _ = sink.requests[0]
    assert (headers["content-type"], headers["content-encoding"]) == ("application/x-protobuf", "snappy")
    assert headers["x-prometheus-remote-write-version"] == "0.1.0"
    assert headers["x-scope-orgid"] == "acme" and headers["user-agent"].startswith("vigia/")
    process.stop()


def test_the_second_versions_headers_and_answer(vigia, sink):
    process = start(vigia, sink, protobuf_message="io.prometheus.write.v2.Request")
    send_one(process)
    wait_until(lambda: sink.accepted, "it was written")
    process.wait_for_log("does not say what it wrote")
    headers, _ = sink.requests[0]
    assert headers["content-type"] == "application/x-protobuf;proto=io.prometheus.write.v2.Request"
    assert headers["x-prometheus-remote-write-version"] == "2.0.0"
    sink.written = {"X-Prometheus-Remote-Write-Samples-Written": "0"}
    send_one(process)
    process.wait_for_log("wrote less than it was sent")
    process.stop()


@pytest.mark.parametrize("answer", [(500, {}, b"overloaded"), (503, {}, b""), (429, {"Retry-After": "1"}, b"slow down"), "hang up"],
                         ids=["500", "503", "429", "hang up"])
def test_what_may_pass_is_tried_again(vigia, sink, answer):
    sink.answers = [answer, answer, answer]
    process = start(vigia, sink)
    send_one(process)
    wait_until(lambda: sent(process) == 1, "it was written after all", 30)
    assert len(sink.requests) == 4
    assert len({body for _, body in sink.requests}) == 1
    process.stop()


@pytest.mark.parametrize("status", [400, 401, 404, 409, 415])
def test_what_is_refused_is_not_sent_again(vigia, sink, status):
    sink.answers = [(status, {}, b"out of order sample")]
    process = start(vigia, sink)
    send_one(process, "refused")
    wait_until(lambda: process.metrics()["otelcol_exporter_send_failed_metric_points"] == 1, "it was given up")
    send_one(process, "good")
    wait_until(lambda: sent(process) == 1, "the next one was written")
    assert len(sink.requests) == 2
    assert f"HTTP {status} out of order sample" in process.log()
    process.stop()


def test_who_refuses_everything_is_not_asked_for_long(vigia, sink):
    sink.answers = [(400, {}, b"out of order sample")] * 1000
    process = start(vigia, sink)
    metrics = Metrics()
    for number in range(500):
        metrics.gauge(f"metric_{number}", number, now_ms() * 1_000_000)
    send(process, metrics)
    wait_until(lambda: process.metrics()["otelcol_exporter_send_failed_metric_points"] == 500, "it was given up")
    assert len(sink.requests) < 25
    assert process.metrics()["vigia_exporter_remote_write_refused_samples_total"] == 500
    process.stop()


def test_what_a_receiver_of_the_second_version_refuses_in_part_is_not_sent_again(vigia, sink):
    sink.answers = [(400, {"X-Prometheus-Remote-Write-Samples-Written": "3"}, b"one is out of order")]
    process = start(vigia, sink, protobuf_message="io.prometheus.write.v2.Request")
    metrics = Metrics()
    for number in range(4):
        metrics.gauge(f"metric_{number}", number, now_ms() * 1_000_000)
    send(process, metrics)
    wait_until(lambda: sent(process) == 4, "it was taken")
    counted = process.metrics()
    assert len(sink.requests) == 1
    assert counted["vigia_exporter_remote_write_refused_samples_total"] == 1
    assert counted["otelcol_exporter_prometheusremotewrite_written_samples"] == 3
    process.stop()


def test_what_is_too_large_is_cut(vigia, sink):
    sink.answers = [(413, {}, b"too large"), (413, {}, b"too large")]
    process = start(vigia, sink)
    metrics = Metrics()
    for number in range(8):
        metrics.gauge(f"metric_{number}", number, now_ms() * 1_000_000)
    send(process, metrics)
    wait_until(lambda: sent(process) == 8, "all was written")
    # Eight, four, two, and then two, four.
    assert len(sink.requests) == 5 and len(sink.accepted) == 3
    process.stop()


def test_a_slow_receiver_costs_a_try(vigia, sink):
    sink.answers = ["wait"]
    process = start(vigia, sink, timeout="300ms")
    send_one(process)
    wait_until(lambda: sent(process) == 1, "the second try was answered")
    assert len(sink.requests) == 2
    process.stop()


def test_requests_are_bounded(vigia, sink):
    process = start(vigia, sink, max_batch_size_bytes=2000)
    metrics = Metrics()
    for number in range(200):
        metrics.gauge(f"metric_{number}", number, now_ms() * 1_000_000)
    send(process, metrics)
    wait_until(lambda: sent(process) == 200, "all was written")
    assert len(sink.requests) > 10
    process.stop()
