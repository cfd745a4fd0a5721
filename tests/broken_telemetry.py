"""Requests that are broken in one place."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry import full_traces


def varint(number):
    encoded = b""
    while number > 127:
        encoded += bytes([number & 127 | 128])
        number >>= 7
    return encoded + bytes([number])


def field(number, content):
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def nested_value(levels):
    """A span with an attribute whose AnyValue holds arrays in arrays, this deep."""
    value = field(1, b"deep")
    for _ in range(levels):
        value = field(5, field(1, value))
    attribute = field(1, b"nested") + field(2, value)
    return field(1, field(2, field(2, field(9, attribute))))


def two_resources():
    """A ResourceSpans with its resource in two pieces, which protobuf merges."""
    first = field(1, field(1, b"a") + field(2, field(1, b"1")))
    second = field(1, field(1, b"b") + field(2, field(1, b"2")))
    span = field(5, b"twice")
    return field(1, field(1, first) + field(1, second) + field(2, field(2, span)))


WHOLE = full_traces().SerializeToString()
SPAN_NAME = field(1, field(2, field(2, field(5, b"name"))))
assert ExportTraceServiceRequest.FromString(SPAN_NAME).resource_spans[0].scope_spans[0].spans[0].name == "name"

# name: bytes that are no ExportTraceServiceRequest.
BROKEN = {
    "cut short": WHOLE[:-1],
    "cut in the middle": WHOLE[:len(WHOLE) // 2],
    "one byte": b"\x0a",
    "length beyond the end": SPAN_NAME[:1] + varint(1 << 20) + SPAN_NAME[2:],
    "inner length beyond its message": field(1, field(2, field(2, b"\x2a\x7fname"))),
    "length of 2^63": b"\x0a" + varint(1 << 63),
    "varint that never ends": b"\x0a" + b"\xff" * 20,
    "field number 0": b"\x02\x00",
    "group that never ends": b"\x0b\x0a\x00",
    "end of a group that never began": b"\x0c",
    "wire type 7": b"\x0f",
    "span as a number": field(1, field(2, b"\x10\x05")),
    "trace id of 15 bytes": field(1, field(2, field(2, field(1, b"x" * 15)))),
    "text instead of protobuf": b"hello, world",
}
