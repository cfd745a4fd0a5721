"""What waits for a failing backend survives a reload of its exporter, and is tried until the end of a stop."""

import re
import signal
import socket
import time
import urllib.request

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from configurations import forwarding
from otlp_sinks import HttpSink, leaves
from vigia_process import as_yaml
from waiting import wait_until

NOBODY = "http://127.0.0.1:9"  # the discard port, where nobody listens


def configuration(endpoint, processors=(), **exporter):
    settings = {"endpoint": endpoint, "compression": "none", "retry_on_failure": {"initial_interval": "300s", "max_interval": "300s", "max_elapsed_time": 0},
                "sending_queue": {"num_consumers": 2}, **exporter}
    return forwarding({"otlphttp": settings}, processors)


def send_spans(vigia, names):
    for name in names:
        request = trace_service_pb2.ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().spans.add(name=name, trace_id=b"t" * 16, span_id=b"s" * 8)
        post = urllib.request.Request(f"http://{vigia.address('otlp_http')}/v1/traces", request.SerializeToString(),
                                      {"Content-Type": "application/x-protobuf"})
        with urllib.request.urlopen(post, timeout=10) as answer:
            assert answer.status == 200


def span_names(sink):
    return sorted(leaf.name for message in sink.messages("traces") for _, _, leaf in leaves(message))


def reload(vigia, config):
    (vigia.folder / "config.yaml").write_text(as_yaml(config))
    vigia.signal(signal.SIGHUP)


NAMES = [f"span-{number:02}" for number in range(20)]


def test_a_reload_takes_the_backlog_of_a_failing_exporter_to_its_new_endpoint(vigia, http_sink):
    collector = vigia(configuration(NOBODY))
    send_spans(collector, NAMES)
    collector.wait_for_log("Will retry")
    reload(collector, configuration(http_sink.url))
    http_sink.wait_for("traces", len(NAMES))
    collector.wait_for_log("The new configuration is in force")
    metrics = collector.metrics()
    assert metrics["otelcol_exporter_sent_spans"] == len(NAMES)
    assert metrics["otelcol_exporter_send_failed_spans"] == 0
    collector.stop()
    assert span_names(http_sink) == NAMES, "each exactly once"


def test_a_reload_keeps_what_collects_before_a_full_queue(vigia, http_sink):
    """The old batch processor hands on what it holds while its exporter is exchanged, too."""
    collector = vigia(configuration(NOBODY, {"batch": {"timeout": "60s"}}, sending_queue={"queue_size": 1}))
    send_spans(collector, NAMES)
    reload(collector, configuration(http_sink.url, {"batch": {"timeout": "50s"}}, sending_queue={"queue_size": 1}))
    http_sink.wait_for("traces", len(NAMES))
    collector.stop()
    assert span_names(http_sink) == NAMES


def test_a_reload_that_fails_loses_nothing(vigia, http_sink):
    collector = vigia(configuration(NOBODY))
    send_spans(collector, NAMES)
    collector.wait_for_log("Will retry")
    with HttpSink() as occupant:
        broken = configuration(http_sink.url)
        broken["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = occupant.url.removeprefix("http://")
        reload(collector, broken)
        collector.wait_for_log("the old one goes on")
    reload(collector, configuration(http_sink.url))
    http_sink.wait_for("traces", len(NAMES))
    collector.stop()
    assert span_names(http_sink) == NAMES


def test_a_stop_keeps_trying_until_the_backend_is_back(vigia, http_sink):
    http_sink.answers = [(503, {})] * (len(NAMES) + 4)
    collector = vigia(configuration(http_sink.url))
    send_spans(collector, NAMES)
    collector.wait_for_log("Will retry")
    collector.stop()
    assert span_names(http_sink) == NAMES
    assert "Dropping data" not in collector.log()


def test_a_stop_ends_in_time_and_says_what_it_dropped(vigia):
    collector = vigia(configuration(NOBODY))
    send_spans(collector, NAMES)
    collector.wait_for_log("Will retry")
    started = time.monotonic()
    collector.stop()
    assert time.monotonic() - started < 28, "less than the half minute that Kubernetes gives"
    assert '"dropped_items":20' in collector.log()


def test_a_stop_that_comes_while_reloads_wait_for_a_silent_backend_ends_in_time(vigia):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        collector = vigia(configuration(endpoint, timeout="60s"))
        send_spans(collector, NAMES)
        reload(collector, configuration(endpoint, timeout="61s"))
        collector.wait_for_log("Reloading")
        reload(collector, configuration(endpoint, timeout="62s"))
        started = time.monotonic()
        collector.stop()
        assert time.monotonic() - started < 28, "less than the half minute that Kubernetes gives"
        assert sum(map(int, re.findall(r'Dropping data.*"dropped_items":(\d+)', collector.log()))) == len(NAMES)


def test_a_stop_does_not_wait_for_a_backend_that_asks_for_more_time_than_there_is(vigia, http_sink):
    http_sink.answers = [(503, {"Retry-After": "60"})] * 2
    collector = vigia(configuration(http_sink.url))
    send_spans(collector, NAMES[:2])
    wait_until(lambda: not http_sink.answers and collector.log().count("Will retry") == 2, "both requests wait for a retry")
    started = time.monotonic()
    collector.stop()
    assert time.monotonic() - started < 10
    assert '"dropped_items":2' in collector.log()
