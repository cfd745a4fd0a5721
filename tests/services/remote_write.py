"""Reads requests of Prometheus' remote write, versions 1.0 and 2.0, written from the protocol's description: Snappy's blocks, protobuf's
wire form, and the few messages there are."""

import struct

STALE = 0x7FF0000000000002


def unsnappy(data):
    """A block of Snappy."""
    size, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                count = length - 59
                length = int.from_bytes(data[at:at + count], "little")
                at += count
            out += data[at:at + length + 1]
            at += length + 1
            continue
        if tag & 3 == 1:
            length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            count = 2 if tag & 3 == 2 else 4
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at:at + count], "little")
            at += count
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size
    return bytes(out)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of a message; numbers of 8 bytes as their bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        else:
            assert kind == 2, kind
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        yield key >> 3, value


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


def numbers(value, of=lambda number: number):
    """A repeated number, packed or not."""
    if isinstance(value, int):
        return [of(value)]
    result, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        result.append(of(number))
    return result


def real(value):
    """A text, so that NaN equals itself and the marker of an end is told from it."""
    bits, = struct.unpack("<Q", value)
    return "stale" if bits == STALE else repr(struct.unpack("<d", value)[0])


def label_list(message, symbols):
    if symbols is None:
        pairs = [dict(fields(value)) for number, value in fields(message) if number == 1]
        return tuple(sorted((pair.get(1, b"").decode(), pair.get(2, b"").decode()) for pair in pairs))
    references = [one for number, value in fields(message) if number == 1 for one in numbers(value)]
    return tuple(sorted((symbols[name], symbols[value]) for name, value in zip(references[::2], references[1::2])))


def buckets(spans, deltas):
    """{index: count} of the occupied buckets."""
    result, index, count, left = {}, 0, 0, iter(deltas)
    for offset, length in spans:
        index += offset
        for _ in range(length):
            count += next(left)
            if count:
                result[index] = count
            index += 1
    assert next(left, None) is None
    return result


def histogram(message):
    """(time, everything it says); what has ended says only that."""
    single, sides, bounds = {}, {8: [], 9: [], 11: [], 12: []}, []
    for number, value in fields(message):
        if number in (8, 11):
            span = dict(fields(value))
            sides[number].append((unzigzag(span.get(1, 0)), span.get(2, 0)))
        elif number in (9, 12):
            sides[number].extend(numbers(value, unzigzag))
        elif number == 16:
            bounds.extend(struct.unpack(f"<{len(value) // 8}d", value))
        else:
            single[number] = value
    total = real(single.get(3, bytes(8)))
    at = signed(single.get(15, 0))
    if total == "stale":
        return at, ("stale",)
    return at, (single.get(1, 0), total, unzigzag(single.get(4, 0)), real(single.get(5, bytes(8))), single.get(6, 0),
                tuple(sorted(buckets(sides[11], sides[12]).items())), tuple(sorted(buckets(sides[8], sides[9]).items())), tuple(bounds))


def series_of(body, is_v2):
    """{labels: {"samples": [(ms, text)], "histograms": [(ms, …)], "exemplars": [(labels, text, ms)]}} of a request."""
    plain = unsnappy(body)
    symbols = [value.decode() for number, value in fields(plain) if number == 4] if is_v2 else None
    histograms, exemplars = (3, 4) if is_v2 else (4, 3)
    result = {}
    for number, message in fields(plain):
        if number != (5 if is_v2 else 1):
            continue
        one = result.setdefault(label_list(message, symbols), {"samples": [], "histograms": [], "exemplars": []})
        for field, value in fields(message):
            if field == 2:
                sample = dict(fields(value))
                one["samples"].append((signed(sample.get(2, 0)), real(sample.get(1, bytes(8)))))
            elif field == histograms:
                one["histograms"].append(histogram(value))
            elif field == exemplars:
                parts = dict(fields(value))
                one["exemplars"].append((label_list(value, symbols), real(parts.get(2, bytes(8))), signed(parts.get(3, 0))))
    return result
