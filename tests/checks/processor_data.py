"""Telemetry for the comparison of processors: every type of value under the same keys, matching and missing names, every kind of metric."""

import math
import random

from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from otlp_sinks import REQUEST_TYPES, leaves
from telemetry import full_request


def _array(*values):
    return AnyValue(array_value=ArrayValue(values=values))


def _map(**values):
    return AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=key, value=value) for key, value in values.items()]))


def _text(value):
    return AnyValue(string_value=value)


def _number(value):
    return AnyValue(int_value=value)


TEXTS = ("", "text", "TEXT", "ñandú 漢字 🙂", "42", "-7", "+5", "4.5", "1e3", " 12", "12 ", "0x1F", "0x1p-2", "1_000", "NaN", "nan", "inf", "-Infinity",
         "true", ".5", "5.", "1e400", "1e-400", "99999999999999999999", "9223372036854775807", "-9223372036854775808", "09",
         "http://shop.example/cart?id=7", "a\nb", "<&>\u2028\u007f\"\\")
INTEGERS = (0, 1, 42, -1, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63))
DOUBLES = (0.0, -0.0, 3.0, 4.5, -4.5, 42.0, 1e-6, 1e-7, 5e-324, 123456789.125)
# As integers these are what the Collector's processor makes of them: the least integer on x86, the nearest on ARM. Ours gives the nearest.
HUGE_DOUBLES = (1e20, 1e21, 1e300, 9.3e18, -1e19, math.nan, math.inf, -math.inf)
# In conditions of the Collector empty bytes are nil, by accident: Go's empty slice is.
EMPTY_BYTES = AnyValue(bytes_value=b"")
VALUES = (
    [AnyValue()]
    + [_text(text) for text in TEXTS]
    + [_number(number) for number in INTEGERS]
    + [AnyValue(double_value=number) for number in DOUBLES + HUGE_DOUBLES]
    + [AnyValue(bool_value=truth) for truth in (True, False)]
    + [AnyValue(bytes_value=data) for data in (b"\x00\xff", b"text", bytes(range(16)))]
    + [EMPTY_BYTES]
    + [
        _array(),
        _array(_text("a"), _number(1), AnyValue()),
        _array(_text("a"), _text("b")),
        _array(_array(_text("ñ")), _map(x=AnyValue(double_value=0.25)), AnyValue(bytes_value=b"\x01")),
        AnyValue(kvlist_value=KeyValueList()),
        _map(b=_number(1), a=_text("x")),
        _map(a=_map(b=_array(_text("deep"), AnyValue(bool_value=True))), n=AnyValue(), d=AnyValue(double_value=0.5)),
    ]
)

_IS_HUGE = [value.WhichOneof("value") == "double_value" and not abs(value.double_value) < 2**63 for value in VALUES]


def _values_for(family):
    """What both programs must agree on in this family."""
    without_huge = [value for value, is_huge in zip(VALUES, _IS_HUGE) if not is_huge]
    if family == "integers":
        return without_huge
    return [value for value in VALUES if family != "ottl" or value != EMPTY_BYTES]


KEYS = ("k", "k2", "http.url", "http.status_code", "user.email", "user.id", "env", "flag", "sampling.priority", "ñ")
SERVICES = (_text("shop"), _text("shop-eu"), _text("billing"), _text(""), _number(42), None)
NAMES = ("GET /cart", "GET /pay", "SELECT", "select", "", "ñandú")
SCOPES = (("shop", "1.0"), ("shop", ""), ("db", "2.1"), ("", ""))
TRACE_STATES = ("", "", "a=b,c=d", "ot=th:8", "ot=rv:80000000000000;th:4", "ot=rv:00000000000001", "ot=th:0", "ot=th:zz", "vendor=x,ot=th:c;rv:fedcba98765432")


class _Chooser(random.Random):
    """Chance with a seed, and the values it may choose."""

    def __init__(self, seed, values):
        super().__init__(seed)
        self.values = values

    def value(self):
        return self.choice(self.values)


def _attributes(target, choose):
    for key in KEYS:
        if choose.random() < 0.55:
            target.add(key=key).value.CopyFrom(choose.value())


def _group(request, choose, value):
    group = getattr(request, request.DESCRIPTOR.fields[0].name).add()
    service = choose.choice(SERVICES)
    if service is not None:
        group.resource.attributes.add(key="service.name").value.CopyFrom(service)
    group.resource.attributes.add(key="k").value.CopyFrom(value)
    if choose.random() < 0.5:
        group.resource.attributes.add(key="env").value.string_value = choose.choice(("prod", "dev"))
    group.schema_url = choose.choice(("", "https://opentelemetry.io/schemas/1.21.0"))
    group.resource.dropped_attributes_count = choose.randrange(3)
    scope_field = next(name for name in group.DESCRIPTOR.fields_by_name if name.startswith("scope_"))
    scope = getattr(group, scope_field).add()
    scope.scope.name, scope.scope.version = choose.choice(SCOPES)
    scope.scope.attributes.add(key="k").value.CopyFrom(choose.value())
    return scope


def _id(choose, size):
    return choose.randbytes(size) if choose.random() < 0.85 else b""


def _fill_span(span, choose):
    span.trace_id, span.span_id, span.parent_span_id = choose.randbytes(16), choose.randbytes(8), _id(choose, 8)
    span.name, span.kind, span.trace_state = choose.choice(NAMES), choose.randrange(6), choose.choice(TRACE_STATES)
    span.start_time_unix_nano = 1_700_000_000_000_000_000 + choose.randrange(10**12)
    span.end_time_unix_nano = span.start_time_unix_nano + choose.choice((0, 999, 5_000_000, 10**9, 3 * 10**9))
    span.status.code, span.status.message = choose.randrange(3), choose.choice(("", "failed"))
    span.flags, span.dropped_attributes_count = choose.choice((0, 1, 0x301)), choose.randrange(3)
    for _ in range(choose.randrange(3)):
        event = span.events.add(name=choose.choice(("exception", "cache miss", "")), time_unix_nano=span.start_time_unix_nano + 5,
                                dropped_attributes_count=choose.randrange(2))
        _attributes(event.attributes, choose)
    if choose.random() < 0.3:
        span.links.add(trace_id=choose.randbytes(16), span_id=choose.randbytes(8))


def _fill_log(record, choose):
    record.time_unix_nano, record.observed_time_unix_nano = choose.choice((0, 1, 10**18)), choose.choice((0, 10**18 + 1))
    record.severity_number = choose.choice((0, 1, 5, 9, 10, 13, 17, 21, 24))
    record.severity_text = choose.choice(("", "INFO", "ERROR", "Warn", "info"))
    if choose.random() < 0.8:
        record.body.CopyFrom(choose.value())
    record.trace_id, record.span_id = _id(choose, 16), _id(choose, 8)
    record.flags, record.event_name = choose.choice((0, 1)), choose.choice(("", "login"))
    record.dropped_attributes_count = choose.randrange(2)
    if choose.random() < 0.2:
        record.attributes.add(key="sampling.threshold").value.string_value = choose.choice(("8", "c", "0", "zz"))
    if choose.random() < 0.2:
        record.attributes.add(key="sampling.randomness").value.string_value = choose.choice(("fedcba98765432", "00000000000001", "zz"))


def _fill_metric(metric, choose, value):
    metric.name, metric.unit, metric.description = choose.choice(NAMES), choose.choice(("", "By")), choose.choice(("", "about"))
    kind = choose.choice(("gauge", "sum", "histogram", "exponential_histogram", "summary"))
    data = getattr(metric, kind)
    data.SetInParent()
    if kind in ("sum", "histogram", "exponential_histogram"):
        data.aggregation_temporality = choose.randrange(3)
    if kind == "sum":
        data.is_monotonic = choose.random() < 0.5
    for _ in range(choose.randrange(4)):
        point = data.data_points.add(start_time_unix_nano=5, time_unix_nano=choose.choice((5, 10, 10**18)), flags=choose.randrange(2))
        if kind in ("gauge", "sum"):
            _fill_number(point, choose)
        else:
            point.count, point.sum = choose.randrange(5), choose.choice((0.0, 1.5, 100.0))
        if kind == "exponential_histogram":
            point.scale, point.zero_count = choose.randrange(-2, 3), choose.randrange(3)
            point.positive.offset = choose.randrange(-2, 2)
            point.positive.bucket_counts.extend([1, 2])
        if kind == "histogram":
            point.bucket_counts.extend([1, 0, 2])
            point.explicit_bounds.extend([0.5, 1])
        _attributes(point.attributes, choose)
        if "k" not in (attribute.key for attribute in point.attributes):
            point.attributes.add(key="k").value.CopyFrom(value)


def _fill_number(point, choose):
    if choose.random() < 0.5:
        point.as_int = choose.choice((-7, 0, 4, 42))
    else:
        point.as_double = choose.choice((-0.5, 0.0, 4.0, 42.0, 1e300))


def generated(signal, seed, family=None):
    """A request in which every value stands once under `k` of a resource and of an item, and much else by chance."""
    choose = _Chooser(f"{signal} {seed}", _values_for(family))
    request = REQUEST_TYPES[signal]()
    for value in choose.values:
        scope = _group(request, choose, value)
        for number in range(choose.randrange(1, 4)):
            if signal == "metrics":
                _fill_metric(scope.metrics.add(), choose, value)
                continue
            leaf = scope.spans.add() if signal == "traces" else scope.log_records.add()
            (_fill_span if signal == "traces" else _fill_log)(leaf, choose)
            if number == 0:
                leaf.attributes.add(key="k").value.CopyFrom(value)
            else:
                _attributes(leaf.attributes, choose)
    return request


def requests_of(signal, family=None):
    return [full_request(signal), *(generated(signal, seed, family) for seed in (1, 2, 3))]


# --- Comparing ------------------------------------------------------------------------------------------------------


# Without content these say nothing; the Collector writes them always.
_MAY_BE_LEFT_OUT = ("value", "body", "status", "resource", "scope", "positive", "negative")


def _normalize(message):
    """The order of keys means nothing; the Collector changes it when it removes one, and a map of its configuration has none."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            if field.name in _MAY_BE_LEFT_OUT and value.ByteSize() == 0:
                message.ClearField(field.name)
            else:
                _normalize(value)
            continue
        if field.name in ("attributes", "filtered_attributes") or message.DESCRIPTOR.name == "KeyValueList":
            value.sort(key=lambda entry: entry.key)
        for one in value:
            _normalize(one)
    return message


def comparable(messages):
    """What requests say: a text for each item with its scope and resource, independent of grouping and of the attributes' order."""
    entries = []
    for message in messages:
        for group, scope, leaf in leaves(_normalize(message)):
            parts = (group.resource, group.schema_url, scope.scope, scope.schema_url, leaf)
            entries.append("\n".join(str(part).strip() for part in parts))
    return sorted(entries)
