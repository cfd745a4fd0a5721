"""grpc++ sends through vigia: requests that use every field, large ones, empty ones, many at once on one channel, plain, gzip and
TLS. Every call is answered OK with an empty response, and what arrives is what was sent, field by field.
"""

import pytest

from configurations import forwarding, otlp_receiver
from otlp_sinks import items
from services.clients import grpcpp_client, run
from telemetry import full_request, many_spans

SERVICES = {"traces": "trace", "metrics": "metrics", "logs": "logs"}


@pytest.fixture(scope="module")
def send(tmp_path_factory):
    program = grpcpp_client()
    path = tmp_path_factory.mktemp("requests") / "request"

    def send(signal, endpoint, request, *flags):
        path.write_bytes(request.SerializeToString() if request is not None else b"")
        return run([program, endpoint, SERVICES[signal], path, *flags], timeout=60)

    return send


def start(vigia, sink, tls=None):
    return vigia(forwarding({"otlphttp": {"endpoint": sink.url, "compression": "none"}}, receiver=otlp_receiver(tls=tls)))


@pytest.mark.parametrize("signal", SERVICES)
@pytest.mark.parametrize("way", ["plain", "gzip", "tls"])
def test_every_field_survives(vigia, http_sink, certificates, send, way, signal):
    tls = {"cert_file": str(certificates.certificate), "key_file": str(certificates.key)} if way == "tls" else None
    process = start(vigia, http_sink, tls)
    request = full_request(signal)
    flags = {"plain": [], "gzip": ["--gzip"], "tls": ["--ca", certificates.certificate]}[way]
    assert send(signal, f"localhost:{process.ports['otlp_grpc']}", request, *flags) == "1 0 \n"
    expected = items([request])
    assert items(http_sink.wait_for(signal, len(expected))) == expected


@pytest.mark.parametrize("flags", [(), ("--gzip",)], ids=["plain", "gzip"])
def test_many_large_calls_at_once_on_one_channel(vigia, http_sink, send, flags):
    process = start(vigia, http_sink)
    request = many_spans(5000)
    assert send("traces", process.address("otlp_grpc"), request, "--calls", 60, "--at-once", 20, *flags) == "60 0 \n"
    assert items(http_sink.wait_for("traces", 300_000)[:1]) == items([request])
    assert http_sink.item_count("traces") == 300_000


@pytest.mark.parametrize("signal", SERVICES)
def test_an_empty_request_is_fine(vigia, http_sink, send, signal):
    process = start(vigia, http_sink)
    assert send(signal, process.address("otlp_grpc"), None) == "1 0 \n"
