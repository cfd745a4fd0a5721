"""Telemetry to send: what the Python SDK makes of real instruments, and requests by hand that use every field there is."""

import logging

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

RESOURCE = Resource.create({"service.name": "checkout", "service.version": "2.4.1", "host.name": "node-7", "pods": ["a", "b"], "cpus": 4})


def sdk_spans(count=20):
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("shop", "1.0", schema_url="https://opentelemetry.io/schemas/1.24.0")
    for number in range(count):
        with tracer.start_as_current_span(f"GET /cart/{number % 3}", kind=trace.SpanKind.SERVER) as parent:
            parent.set_attributes({"http.request.method": "GET", "retry": False, "ratio": 0.25, "n": number, "tags": ["x", "ñ", ""]})
            parent.add_event("cache miss", {"key": "carrito-ñ"})
            with tracer.start_as_current_span("SELECT", kind=trace.SpanKind.CLIENT, links=[trace.Link(parent.get_span_context())]) as child:
                child.set_status(trace.StatusCode.ERROR, "deadlock")
    return memory.get_finished_spans()


def sdk_metrics():
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], resource=RESOURCE).get_meter("shop", "1.0")
    requests = meter.create_counter("http.server.requests", "1", "requests served")
    for number in range(10):
        requests.add(number, {"http.route": f"/cart/{number % 3}"})
    duration = meter.create_histogram("http.server.duration", "ms")
    for number in range(100):
        duration.record(number * 1.5, {"http.route": "/cart"})
    meter.create_up_down_counter("queue.length").add(-3)
    meter.create_gauge("temperature", "Cel").set(21.5)
    return reader.get_metrics_data()


def sdk_logs(count=20):
    memory = InMemoryLogRecordExporter()
    provider = LoggerProvider(resource=RESOURCE)
    provider.add_log_record_processor(SimpleLogRecordProcessor(memory))
    logger = logging.getLogger("shop")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    handler = LoggingHandler(logger_provider=provider)
    logger.addHandler(handler)
    try:
        for number in range(count):
            logger.warning("carrito %d vacío", number, extra={"user": f"u{number}", "amount": 1.25})
    finally:
        logger.removeHandler(handler)
    return memory.get_finished_logs()


# signal: (what the SDK's exporter takes, the same as a request)
def sdk_data(signal):
    if signal == "traces":
        spans = sdk_spans()
        return spans, encode_spans(spans)
    if signal == "metrics":
        data = sdk_metrics()
        return data, encode_metrics(data)
    records = sdk_logs()
    return records, encode_logs(records)


def _fill_resource(group):
    group.schema_url = "https://opentelemetry.io/schemas/1.21.0"
    group.resource.dropped_attributes_count = 3
    add = group.resource.attributes.add
    add(key="service.name").value.string_value = "by-hand"
    add(key="empty")
    add(key="bytes").value.bytes_value = b"\x00\xff"
    add(key="double").value.double_value = -0.0
    add(key="int").value.int_value = -(1 << 63)
    nested = add(key="nested").value.kvlist_value.values.add(key="list").value.array_value.values
    nested.add().bool_value = True
    nested.add().string_value = "ñ"


def full_traces():
    """One request that sets every field of traces."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    _fill_resource(group)
    scope = group.scope_spans.add(schema_url="https://opentelemetry.io/schemas/1.22.0")
    scope.scope.name, scope.scope.version, scope.scope.dropped_attributes_count = "scope", "9", 1
    scope.scope.attributes.add(key="a").value.int_value = 1
    span = scope.spans.add(trace_id=bytes(range(16)), span_id=bytes(range(8)), parent_span_id=bytes(range(8, 16)), trace_state="a=b,c=d",
                           flags=0x301, name="full", kind=5, start_time_unix_nano=1_700_000_000_000_000_000,
                           end_time_unix_nano=(1 << 64) - 1, dropped_attributes_count=1, dropped_events_count=2, dropped_links_count=4)
    span.attributes.add(key="k").value.string_value = "v"
    event = span.events.add(time_unix_nano=1, name="event", dropped_attributes_count=7)
    event.attributes.add(key="e").value.bool_value = False
    link = span.links.add(trace_id=b"\xaa" * 16, span_id=b"\xbb" * 8, trace_state="x=y", dropped_attributes_count=9, flags=1)
    link.attributes.add(key="l").value.double_value = 1e300
    span.status.code, span.status.message = 2, "failed"
    scope.spans.add()  # a span with nothing in it is still a span
    return request


def full_metrics():
    """One request with every kind of metric, exemplars included."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    _fill_resource(group)
    metrics = group.scope_metrics.add().metrics
    times = {"start_time_unix_nano": 5, "time_unix_nano": 10, "flags": 1}
    gauge = metrics.add(name="gauge", unit="By", description="a gauge").gauge.data_points
    gauge.add(as_int=-7, **times).attributes.add(key="a").value.string_value = "b"
    total = metrics.add(name="sum").sum
    total.aggregation_temporality, total.is_monotonic = 1, True
    exemplar = total.data_points.add(as_double=1.5, **times).exemplars.add(time_unix_nano=3, as_int=9, span_id=b"\x01" * 8, trace_id=b"\x02" * 16)
    exemplar.filtered_attributes.add(key="f").value.int_value = 1
    histogram = metrics.add(name="histogram").histogram
    histogram.aggregation_temporality = 2
    histogram.data_points.add(count=3, sum=6.5, bucket_counts=[1, 0, 2], explicit_bounds=[0.5, 1], min=0.1, max=4, **times)
    exponential = metrics.add(name="exponential").exponential_histogram
    exponential.aggregation_temporality = 2
    point = exponential.data_points.add(count=9, sum=1, scale=-3, zero_count=2, zero_threshold=1e-9, min=-1, max=1, **times)
    point.positive.offset, point.negative.offset = -5, 6
    point.positive.bucket_counts.extend([1, 2, 300])
    point.negative.bucket_counts.extend([1])
    summary = metrics.add(name="summary").summary.data_points.add(count=2, sum=3, **times)
    summary.quantile_values.add(quantile=0.99, value=2.5)
    return request


def full_logs():
    """One request that sets every field of logs."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    _fill_resource(group)
    records = group.scope_logs.add().log_records
    record = records.add(time_unix_nano=1, observed_time_unix_nano=2, severity_number=17, severity_text="ERROR", dropped_attributes_count=1,
                         flags=1, trace_id=b"\x01" * 16, span_id=b"\x02" * 8, event_name="login")
    record.body.kvlist_value.values.add(key="text").value.string_value = "línea"
    record.attributes.add(key="k").value.array_value.SetInParent()
    records.add()
    return request


def full_request(signal):
    return {"traces": full_traces, "metrics": full_metrics, "logs": full_logs}[signal]()


def many_spans(count):
    """A request of `count` small, distinct spans."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "many"
    spans = group.scope_spans.add().spans
    for number in range(count):
        spans.add(trace_id=number.to_bytes(16, "big"), span_id=(number + 1).to_bytes(8, "big"), name=f"span {number}", start_time_unix_nano=number)
    return request
