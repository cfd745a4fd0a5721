"""Hostile and broken HTTP/2 and gRPC, frame by frame, each with the answer it must get.

Guarantee: a gRPC status that names the mistake, or a GOAWAY with the right code; the process lives, memory stays bounded, and a bystander
on connections of its own notices nothing.
"""

import base64
import gzip

import grpc
import pytest
from google.rpc import status_pb2
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from broken_telemetry import BROKEN, SPAN_NAME, WHOLE, nested_value
from bystander import Bystander
from configurations import forwarding
from raw_http2 import ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, NO_ERROR, PROTOCOL_ERROR, RawHttp2, grpc_frame
from telemetry import many_spans
from waiting import wait_until

MIB = 1 << 20
OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = "0", "3", "8", "12", "13", "14"
GZIP = ("grpc-encoding", "gzip")


@pytest.fixture(scope="module")
def process(module_vigia):
    return module_vigia(forwarding({"nop": None}))


@pytest.fixture
def port(process):
    bystander = Bystander(process)
    before = process.rss_mib()
    yield process.ports["otlp_grpc"]
    bystander.finish()
    assert process.rss_mib() - before < 300  # generous: the sanitizer keeps what was freed for a while


@pytest.fixture
def peer(port):
    with RawHttp2(port) as connection:
        yield connection


def assert_status(answer, code):
    assert (answer.get(":status"), answer.get("grpc-status")) == ("200", code), answer
    assert code == OK or answer.get("grpc-message")


# --- gRPC messages ---


def test_the_raw_client_can_do_it_right(peer):
    assert_status(peer.call(grpc_frame(SPAN_NAME)), OK)
    assert_status(peer.call(grpc_frame(b"")), OK)
    assert_status(peer.call(grpc_frame(gzip.compress(WHOLE), compressed=1), extra=[GZIP]), OK)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_protobuf_is_invalid_argument(peer, name):
    assert_status(peer.call(grpc_frame(BROKEN[name])), INVALID_ARGUMENT)
    assert_status(peer.call(grpc_frame(SPAN_NAME)), OK)  # the connection lives on


def test_deep_nesting_is_invalid_argument(peer):
    assert_status(peer.call(grpc_frame(nested_value(10_000))), INVALID_ARGUMENT)


@pytest.mark.parametrize("body", [b"", b"\x00\x00", grpc_frame(SPAN_NAME, length=len(SPAN_NAME) + 1), grpc_frame(SPAN_NAME, length=1),
                                  grpc_frame(SPAN_NAME) * 2, grpc_frame(SPAN_NAME, compressed=2), grpc_frame(gzip.compress(SPAN_NAME), compressed=1)],
                         ids=["no message", "half a prefix", "cut short", "length too small", "two messages", "unknown flag", "no grpc-encoding"])
def test_broken_framing_is_internal(peer, body):
    assert_status(peer.call(body), INTERNAL)


def test_a_declared_length_over_the_limit_is_refused_before_it_is_sent(peer):
    stream = peer.start_request()
    peer.send_data(stream, grpc_frame(b"", length=4 * MIB + 1), end_stream=False)
    assert_status(peer.wait_for_end(stream), RESOURCE_EXHAUSTED)
    assert_status(peer.call(grpc_frame(SPAN_NAME)), OK)


def test_a_message_over_the_limit_is_resource_exhausted_for_a_real_client(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as error:
        TraceServiceStub(channel).Export(many_spans(100_000), timeout=20)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not any(name == "grpc-status-details-bin" and status_pb2.Status.FromString(value).details
                   for name, value in error.value.trailing_metadata())  # no RetryInfo: sending it again would not help


def test_a_bomb_is_resource_exhausted(peer):
    assert_status(peer.call(grpc_frame(gzip.compress(bytes(128 * MIB), 9), compressed=1), extra=[GZIP]), RESOURCE_EXHAUSTED)


def test_broken_gzip_is_refused(peer):
    answer = peer.call(grpc_frame(b"not gzip", compressed=1), extra=[GZIP])
    assert answer["grpc-status"] in (INVALID_ARGUMENT, INTERNAL)


def test_an_unknown_encoding_is_unimplemented_and_says_what_there_is(peer):
    answer = peer.call(grpc_frame(SPAN_NAME, compressed=1), extra=[("grpc-encoding", "br")])
    assert_status(answer, UNIMPLEMENTED)
    assert "gzip" in answer["grpc-accept-encoding"]


@pytest.mark.parametrize("path", ["/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/no.such.Service/Export", "/"])
def test_an_unknown_method_is_unimplemented(peer, path):
    assert_status(peer.call(grpc_frame(SPAN_NAME), path=path), UNIMPLEMENTED)


def test_a_wrong_content_type_is_415(peer):
    assert peer.call(SPAN_NAME, content_type="text/plain")[":status"] == "415"


def test_many_slow_uploads_stay_within_the_memory_limit(vigia):
    """Each has little when its head is looked at: the limit of 40 MiB is asked again as they grow, and the refusal says to come back."""
    limiter = {"check_interval": "1s", "limit_mib": 2000, "spike_limit_mib": 1960}
    process = vigia(forwarding({"nop": None}, {"memory_limiter": limiter}))
    uploads = []
    for _ in range(20):
        peer = RawHttp2(process.ports["otlp_grpc"])
        stream = peer.start_request()
        peer.send_data(stream, grpc_frame(bytes(900 * 1024), length=3 * MIB), end_stream=False)
        uploads.append((peer, stream))

    def refusals():
        for peer, _ in uploads:
            peer.poll()
        return [peer.headers[stream] for peer, stream in uploads if stream in peer.headers]

    wait_until(lambda: len(refusals()) >= 5, "some uploads are refused")
    for answer in refusals():
        assert_status(answer, RESOURCE_EXHAUSTED)
        details = status_pb2.Status.FromString(base64.b64decode(answer["grpc-status-details-bin"] + "==")).details
        assert [detail.type_url for detail in details] == ["type.googleapis.com/google.rpc.RetryInfo"]
    for peer, _ in uploads:
        peer.close()


# --- Headers ---


def test_headers_of_a_mebibyte_are_refused(peer):
    block = peer.header_block(extra=[(f"x-{number}", f"{number:04}" * 1000) for number in range(256)])
    assert len(block) > 256 * 1024
    stream = peer.new_stream()
    pieces = [block[at:at + 16384] for at in range(0, len(block), 16384)]
    peer.send(HeadersFrame(stream, pieces[0]))
    for piece in pieces[1:-1]:
        peer.send(ContinuationFrame(stream, piece))
    peer.send(ContinuationFrame(stream, pieces[-1], flags=["END_HEADERS"]))
    # Over the limit of headers, or over nghttp2's limit of continuations: refused, or sent away.
    peer.wait_for(lambda: peer.is_closed or peer.goaway or peer.headers.get(stream), "a refusal")
    assert peer.is_closed or peer.goaway or peer.headers[stream]["grpc-status"] == RESOURCE_EXHAUSTED


def test_continuations_without_end_close_the_connection(peer):
    peer.send(HeadersFrame(peer.new_stream(), peer.header_block()))
    for _ in range(20_000):
        peer.send(ContinuationFrame(1, b"\x00\x01a\x01b"))
        if peer.is_closed:
            break
    peer.wait_until_closed()


# --- Floods ---


def test_rapid_reset_is_sent_away(peer):
    for _ in range(5_000):
        stream = peer.start_request()
        peer.send(RstStreamFrame(stream, error_code=8))
        if peer.is_closed:
            break
    goaway = peer.wait_until_closed()
    assert goaway is None or goaway.error_code != NO_ERROR  # None: it was lost with the connection we were still writing to


def test_a_ping_flood_is_sent_away(peer):
    for number in range(100):
        peer.send(PingFrame(0, number.to_bytes(8, "big")))
    goaway = peer.wait_until_closed()
    assert (goaway.error_code, goaway.additional_data) == (ENHANCE_YOUR_CALM, b"too_many_pings")


def test_a_settings_flood_without_reading_is_bounded(peer):
    for _ in range(50_000):
        peer.send(SettingsFrame(0, settings={}))
        if peer.is_closed:
            break
    # Answered or sent away; that memory is bounded and others notice nothing is checked by the fixture.


def test_more_streams_than_allowed_are_refused_not_queued(peer):
    streams = [peer.start_request() for _ in range(300)]
    peer.wait_for(lambda: peer.goaway or any(peer.was_reset(stream) for stream in streams), "a refused stream")
    assert not peer.was_reset(streams[99])  # a hundred are always allowed


# --- Protocol ---


@pytest.mark.parametrize("frame, code", [
    (DataFrame(1, b"x"), PROTOCOL_ERROR),
    (HeadersFrame(2, b"\x82", flags=["END_HEADERS"]), PROTOCOL_ERROR),
    (WindowUpdateFrame(0, window_increment=(1 << 31) - 1), FLOW_CONTROL_ERROR),
], ids=["data without a stream", "an even stream", "window overflow"])
def test_a_broken_protocol_is_told_by_goaway(peer, frame, code):
    peer.send(frame)
    assert peer.wait_until_closed().error_code == code


def test_noise_behind_the_preface_closes_the_connection(peer):
    peer.send_bytes(b"\xff" * 100_000)
    peer.wait_until_closed()


def test_unknown_frames_are_ignored(peer):
    peer.send_bytes(b"\x00\x00\x03\xee\x00\x00\x00\x00\x00abc")
    assert_status(peer.call(grpc_frame(SPAN_NAME)), OK)


# --- Half-open ---


def test_half_open_streams_are_given_up(port):
    """A hundred streams that never finish their message end as UNAVAILABLE; the connection goes on being served meanwhile."""
    with RawHttp2(port) as peer:
        streams = [peer.start_request() for _ in range(100)]
        for stream in streams:
            peer.send_data(stream, grpc_frame(b"0123456789", length=1000), end_stream=False)
        assert_status(peer.call(grpc_frame(SPAN_NAME)), OK)
        for stream in streams:
            assert_status(peer.wait_for_end(stream), UNAVAILABLE)


def test_clients_that_vanish_leave_nothing_behind(process, port):
    for _ in range(200):
        with RawHttp2(port) as peer:
            stream = peer.start_request()
            peer.send_data(stream, grpc_frame(SPAN_NAME, length=100_000), end_stream=False)
