"""The OpenTelemetry SDK for Go sends through vigia, and what arrives is what a plain grpcio or http.server receiver got from
the same program: for all signals, over gRPC and HTTP, plain, gzip and TLS. The program sends the same bytes at every run.
"""

import pytest

from configurations import forwarding, otlp_receiver
from otlp_sinks import GrpcSink, HttpSink, items
from services.clients import go_client, run

SIGNALS = ("traces", "metrics", "logs")
ITEMS = {"traces": 150, "metrics": 18, "logs": 150}  # three requests of 50, 6 and 50


@pytest.fixture(scope="module")
def send():
    program = go_client()

    def send(signal, protocol, endpoint, way="plain", certificates=None):
        command = [program, "-signal", signal, "-protocol", protocol, "-endpoint", endpoint]
        if way == "gzip":
            command.append("-gzip")
        if way == "tls":
            command += ["-ca", certificates.certificate]
        run(command, timeout=60)

    return send


@pytest.fixture(scope="module")
def sent(send):
    """What each client sends, as another server got it."""
    with GrpcSink() as grpc_sink, HttpSink() as http_sink:
        endpoints = {"grpc": (grpc_sink, grpc_sink.endpoint), "http": (http_sink, http_sink.url.removeprefix("http://"))}
        for protocol, (_, endpoint) in endpoints.items():
            for signal in SIGNALS:
                send(signal, protocol, endpoint)
        return {(protocol, signal): items(sink.messages(signal)) for protocol, (sink, _) in endpoints.items() for signal in SIGNALS}


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("way", ["plain", "gzip", "tls"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_go_sdk(vigia, http_sink, certificates, send, sent, protocol, way, signal):
    tls = {"cert_file": str(certificates.certificate), "key_file": str(certificates.key)} if way == "tls" else None
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url, "compression": "none"}}, receiver=otlp_receiver(tls=tls)))
    send(signal, protocol, f"localhost:{process.ports[f'otlp_{protocol}']}", way, certificates)
    expected = sent[protocol, signal]
    assert len(expected) == ITEMS[signal]
    assert items(http_sink.wait_for(signal, len(expected))) == expected
    assert process.metrics()["otelcol_receiver_accepted_" + {"traces": "spans", "metrics": "metric_points", "logs": "log_records"}[signal]] > 0
