"""What is refused at the door is seen: in the sender's answer, in the self-metrics, and in the log."""

import grpc
import pytest
import requests
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from configurations import forwarding, otlp_receiver


def spans(count, attributes=None):
    request = trace_service_pb2.ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in (attributes or {}).items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    for number in range(count):
        scope.spans.add(name=f"span-{number}", trace_id=b"t" * 16, span_id=b"s" * 8)
    return request


def post(collector, request):
    return requests.post(f"http://{collector.address('otlp_http')}/v1/traces", request.SerializeToString(),
                         headers={"Content-Type": "application/x-protobuf"}, timeout=10)


def call(collector, request):
    with grpc.insecure_channel(collector.address("otlp_grpc")) as channel:
        return trace_service_pb2_grpc.TraceServiceStub(channel).Export(request, timeout=10)


def test_requests_that_the_memory_limit_turns_away_are_counted_and_logged(vigia):
    collector = vigia(forwarding({"nop": None}, {"memory_limiter": {"check_interval": "100ms", "limit_mib": 1}}))
    assert collector.metrics()["vigia_receiver_refused_requests"] == 0, "there from the start"
    collector.wait_for_log("Memory usage is above the limit")
    for _ in range(30):
        answer = post(collector, spans(1))
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
    with pytest.raises(grpc.RpcError) as refused:
        call(collector, spans(1))
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    text = collector.get("metrics", "/metrics")[1]
    for transport, count in (("http", 30), ("grpc", 1)):
        line = next(one for one in text.splitlines() if one.startswith("vigia_receiver_refused_requests{") and f'"{transport}"' in one)
        assert 'reason="memory_limit"' in line and line.endswith(f" {count}"), line
    assert 1 <= collector.log().count("refused_requests") <= 4, "the log tells it, now and then"


def test_data_without_the_required_attribute_is_counted_and_logged_with_what_to_do(vigia, http_sink):
    receiver = otlp_receiver()
    receiver["otlp"]["require_resource_attribute"] = "customer.id"
    collector = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}, receiver=receiver))
    for _ in range(20):
        answer = trace_service_pb2.ExportTraceServiceResponse.FromString(post(collector, spans(3)).content)
        assert answer.partial_success.rejected_spans == 3
    assert call(collector, spans(2)).partial_success.rejected_spans == 2
    assert post(collector, spans(5, {"customer.id": "acme"})).status_code == 200
    http_sink.wait_for("traces", 5)
    metrics = collector.metrics()
    assert metrics["otelcol_receiver_refused_spans"] == 62
    assert metrics["vigia_receiver_refused_items"] == 62
    assert metrics["otelcol_receiver_accepted_spans"] == 5
    log = collector.log()
    assert 'OTEL_RESOURCE_ATTRIBUTES=customer.id=' in log
    assert '"last_peer":"127.0.0.1' in log
    assert 1 <= log.count("Refusing data without") <= 4
