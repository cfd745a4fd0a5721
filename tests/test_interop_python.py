"""Real OpenTelemetry SDK clients send through vigia to real OTLP servers, and what arrives is what was sent, field by field.

Guarantee: over gRPC and HTTP, plain, gzip and TLS, protobuf and JSON, for all three signals, nothing is lost, doubled, reordered into
another resource or changed. The clients are the Python SDK's exporters, the backends grpcio and http.server.
"""

import base64
import json

import grpc
import pytest
import requests
from google.protobuf import json_format
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression as HttpCompression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from configurations import forwarding, otlp_receiver
from otlp_sinks import GrpcSink, items
from telemetry import full_request, many_spans, sdk_data

SIGNALS = ("traces", "metrics", "logs")
GRPC_EXPORTERS = {"traces": GrpcSpanExporter, "metrics": GrpcMetricExporter, "logs": GrpcLogExporter}
HTTP_EXPORTERS = {"traces": HttpSpanExporter, "metrics": HttpMetricExporter, "logs": HttpLogExporter}


def send_with_sdk(vigia, protocol, compression, signal, certificates=None):
    """Exports what SDK instruments made; returns the request that says the same."""
    data, request = sdk_data(signal)
    if protocol == "grpc":
        credentials = grpc.ssl_channel_credentials(certificates.certificate.read_bytes()) if certificates else None
        exporter = GRPC_EXPORTERS[signal](endpoint=f"localhost:{vigia.ports['otlp_grpc']}", insecure=not certificates, credentials=credentials,
                                          compression=grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression, timeout=10)
    else:
        scheme = "https" if certificates else "http"
        exporter = HTTP_EXPORTERS[signal](endpoint=f"{scheme}://localhost:{vigia.ports['otlp_http']}/v1/{signal}",
                                          certificate_file=str(certificates.certificate) if certificates else None,
                                          compression=HttpCompression.Gzip if compression == "gzip" else HttpCompression.NoCompression, timeout=10)
    result = exporter.export(data)
    exporter.shutdown()
    assert result.name == "SUCCESS"
    return request


def assert_arrived(sink, signal, request):
    expected = items([request])
    assert items(sink.wait_for(signal, len(expected))) == expected


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_sdk_to_grpc_backend(vigia, grpc_sink, protocol, compression, signal):
    process = vigia(forwarding({"otlp": {"endpoint": grpc_sink.endpoint, "compression": compression, "tls": {"insecure": True}}}))
    request = send_with_sdk(process, protocol, compression, signal)
    assert_arrived(grpc_sink, signal, request)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_sdk_to_http_backend(vigia, http_sink, protocol, compression, signal):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url, "compression": compression}}))
    request = send_with_sdk(process, protocol, compression, signal)
    assert_arrived(http_sink, signal, request)
    received = http_sink.received(signal)[0]
    assert received.headers["content-type"] == "application/x-protobuf"
    assert received.headers.get("content-encoding", "none") == compression


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_sdk_over_tls_and_out_over_tls(vigia, certificates, protocol):
    tls = {"cert_file": str(certificates.certificate), "key_file": str(certificates.key)}
    with GrpcSink(certificates) as sink:
        exporter = {"otlp": {"endpoint": sink.endpoint.replace("127.0.0.1", "localhost"), "tls": {"ca_file": str(certificates.certificate)}}}
        process = vigia(forwarding(exporter, receiver=otlp_receiver(tls=tls)))
        request = send_with_sdk(process, protocol, "gzip", "traces", certificates)
        assert_arrived(sink, "traces", request)


@pytest.mark.parametrize("signal", SIGNALS)
def test_both_ports_answer_both_protocols(vigia, grpc_sink, signal):
    process = vigia(forwarding({"otlp": {"endpoint": grpc_sink.endpoint, "tls": {"insecure": True}}}))
    process.ports["otlp_grpc"], process.ports["otlp_http"] = process.ports["otlp_http"], process.ports["otlp_grpc"]
    first = send_with_sdk(process, "grpc", "none", signal)
    second = send_with_sdk(process, "http", "none", signal)
    expected = items([first, second])
    assert items(grpc_sink.wait_for(signal, len(expected))) == expected


@pytest.mark.parametrize("processors", [(), ("batch",)], ids=["direct", "batched"])
@pytest.mark.parametrize("signal", SIGNALS)
def test_every_field_survives(vigia, http_sink, signal, processors):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}, processors=processors))
    request = full_request(signal)
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/{signal}", data=request.SerializeToString(),
                           headers={"Content-Type": "application/x-protobuf"}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "application/x-protobuf", b"")
    assert_arrived(http_sink, signal, request)


def otlp_json(request):
    """The request in OTLP's JSON: protobuf's mapping, but ids in hexadecimal and enumerations as numbers."""

    def with_hex_ids(value):
        if isinstance(value, dict):
            return {key: base64.b64decode(inner).hex() if key in ("traceId", "spanId", "parentSpanId") else with_hex_ids(inner)
                    for key, inner in value.items()}
        return [with_hex_ids(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(with_hex_ids(json_format.MessageToDict(request, use_integers_for_enums=True)))


@pytest.mark.parametrize("signal", SIGNALS)
def test_json_says_the_same_as_protobuf(vigia, http_sink, signal):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}))
    request = full_request(signal)
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/{signal}", data=otlp_json(request),
                           headers={"Content-Type": "application/json"}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()) == (200, "application/json", {"partialSuccess": {}})
    assert_arrived(http_sink, signal, request)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_every_encoding_out_can_be_read_back(vigia, http_sink, encoding):
    """Two vigias in a row: what the first compresses the second inflates."""
    second = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}))
    first = vigia(forwarding({"otlphttp": {"endpoint": f"http://{second.address('otlp_http')}", "compression": encoding}}))
    request = full_request("traces")
    requests.post(f"http://{first.address('otlp_http')}/v1/traces", data=request.SerializeToString(),
                  headers={"Content-Type": "application/x-protobuf"}, timeout=10).raise_for_status()
    assert_arrived(http_sink, "traces", request)


def test_batches_are_cut_to_size_and_lose_nothing(vigia, grpc_sink):
    processors = {"batch": {"send_batch_size": 100, "send_batch_max_size": 100, "timeout": "200ms"}}
    process = vigia(forwarding({"otlp": {"endpoint": grpc_sink.endpoint, "tls": {"insecure": True}}}, processors=processors))
    request = many_spans(1050)
    with grpc.insecure_channel(process.address("otlp_grpc")) as channel:
        TraceServiceStub(channel).Export(request, timeout=10)
    messages = grpc_sink.wait_for("traces", 1050)
    assert items(messages) == items([request])
    assert max(len(items([message])) for message in messages) == 100
    assert len(messages) == 11


def test_retryable_answers_are_retried_and_others_are_not(vigia, http_sink):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url, "retry_on_failure": {"initial_interval": "10ms"}}}))
    http_sink.answers = [(503, {}), (429, {"Retry-After": "0"}), (502, {})]
    request = send_with_sdk(process, "http", "none", "traces")
    assert_arrived(http_sink, "traces", request)

    http_sink.answers = [(400, {})]
    send_with_sdk(process, "http", "none", "logs")
    after = send_with_sdk(process, "http", "none", "metrics")
    assert_arrived(http_sink, "metrics", after)
    process.wait_for_log("400")
    assert http_sink.received("logs") == []
    assert process.metrics()["otelcol_exporter_send_failed_log_records"] == 20


def test_what_was_accepted_leaves_before_the_program_ends(vigia, http_sink):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}, processors={"batch": {"timeout": "600s"}}))
    request = send_with_sdk(process, "grpc", "none", "logs")
    assert http_sink.received() == []
    process.stop()
    assert items(http_sink.messages("logs")) == items([request])
