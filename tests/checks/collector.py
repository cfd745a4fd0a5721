#!/usr/bin/env python3
"""vigia and the reference Collector understand each other: one exports to the other, both ways, and nothing changes.

Guarantee: for all three signals, over gRPC and HTTP, plain, gzip, zstd and TLS, a request that uses every field there is arrives field
by field as it was sent. Where the Collector itself writes a field differently, what it makes of the same request without vigia is
the measure.

    ./dev check collector [arguments of pytest…]
"""

import os
import sys

import pytest
import requests

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", *sys.argv[1:]]))

from configurations import forwarding, otlp_receiver
from otlp_sinks import HttpSink, items
from services.peers import ReferenceCollector
from telemetry import full_request, sdk_data

SIGNALS = ("traces", "metrics", "logs")
WAYS = ("plain", "gzip", "zstd", "tls")


def exporter(protocol, way, grpc_port, http_port, certificates):
    """The exporter's section of either program; both read the same."""
    tls = {"ca_file": str(certificates.certificate)} if way == "tls" else {"insecure": True}
    compression = way if way in ("gzip", "zstd") else "none"
    if protocol == "grpc":
        return {"otlp": {"endpoint": f"localhost:{grpc_port}", "compression": compression, "tls": tls}}
    scheme = "https" if way == "tls" else "http"
    return {"otlphttp": {"endpoint": f"{scheme}://localhost:{http_port}", "compression": compression, "tls": tls}}


def server_tls(way, certificates):
    return {"cert_file": str(certificates.certificate), "key_file": str(certificates.key)} if way == "tls" else None


def to_sink(sink):
    return {"otlphttp": {"endpoint": sink.url, "compression": "none"}}


def post(port, signal, request):
    answer = requests.post(f"http://127.0.0.1:{port}/v1/{signal}", data=request.SerializeToString(),
                           headers={"Content-Type": "application/x-protobuf"}, timeout=10)
    assert answer.status_code == 200, answer.text


def data(signal, kind):
    return full_request(signal) if kind == "every field" else sdk_data(signal)[1]


@pytest.fixture(scope="module")
def through_collector(tmp_path_factory):
    """What the Collector makes of a request when vigia is not there."""
    with HttpSink() as sink, ReferenceCollector(tmp_path_factory.mktemp("direct"), to_sink(sink)) as collector:

        def send(signal, request):
            before = len(sink.received(signal))
            post(collector.http_port, signal, request)
            sink.wait_for(signal, sum(len(items([one])) for one in sink.messages(signal)[:before]) + len(items([request])))
            return items(sink.messages(signal)[before:])

        yield send


@pytest.mark.parametrize("kind", ["every field", "sdk"])
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_vigia_exports_to_the_collector(vigia, http_sink, certificates, tmp_path, through_collector, protocol, way, signal, kind):
    request = data(signal, kind)
    expected = through_collector(signal, request)
    with ReferenceCollector(tmp_path, to_sink(http_sink), server_tls(way, certificates)) as collector:
        process = vigia(forwarding(exporter(protocol, way, collector.grpc_port, collector.http_port, certificates)))
        post(process.ports["otlp_http"], signal, request)
        assert items(http_sink.wait_for(signal, len(expected))) == expected


@pytest.mark.parametrize("kind", ["every field", "sdk"])
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_the_collector_exports_to_vigia(vigia, http_sink, certificates, tmp_path, through_collector, protocol, way, signal, kind):
    request = data(signal, kind)
    expected = through_collector(signal, request)
    process = vigia(forwarding(to_sink(http_sink), receiver=otlp_receiver(tls=server_tls(way, certificates))))
    section = exporter(protocol, way, process.ports["otlp_grpc"], process.ports["otlp_http"], certificates)
    with ReferenceCollector(tmp_path, section) as collector:
        post(collector.http_port, signal, request)
        assert items(http_sink.wait_for(signal, len(expected))) == expected


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_collector_changes_nothing_that_the_sdk_sends(through_collector, signal):
    """The measure itself: if the Collector lost something, the tests above would not notice."""
    request = data(signal, "sdk")
    assert through_collector(signal, request) == items([request])


@pytest.mark.parametrize("signal", SIGNALS)
def test_refusals_of_vigia_make_the_collector_try_again(vigia, http_sink, tmp_path, signal):
    """A vigia without room answers so that the Collector keeps the data and comes back: nothing is lost when room is there again."""
    request = data(signal, "sdk")
    http_sink.answers = [(503, {"Retry-After": "0"})] * 3
    config = forwarding({"otlphttp": {"endpoint": http_sink.url, "sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}})
    process = vigia(config)
    section = {"otlp": {"endpoint": process.address("otlp_grpc"), "tls": {"insecure": True}, "retry_on_failure": {"initial_interval": "50ms"}}}
    with ReferenceCollector(tmp_path, section) as collector:
        post(collector.http_port, signal, request)
        assert items(http_sink.wait_for(signal, len(items([request])))) == items([request])
