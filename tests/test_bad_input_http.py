"""Hostile and broken HTTP requests, each with the answer it must get.

Guarantee: a clear answer or a closed connection within a deadline, the process lives, its memory stays bounded, and a bystander whose
requests run all the while on connections of its own notices nothing.
"""

import gzip
import json
import resource
import select
import socket
import time
import zlib

import pytest
import requests
from google.rpc.status_pb2 import Status

from broken_telemetry import BROKEN, SPAN_NAME, WHOLE, nested_value, two_resources
from bystander import Bystander
from configurations import forwarding, otlp_receiver
from otlp_sinks import leaves
from raw_http1 import connect, exchange, head, is_closed_by_server, read_answer, request, send_all
from waiting import wait_until

MIB = 1 << 20
MAX_BODY = 20 * MIB
INVALID_ARGUMENT = 3


@pytest.fixture(scope="module")
def process(module_vigia):
    # The Collector waits a minute for a head; a test does not.
    return module_vigia(forwarding({"nop": None}, receiver=otlp_receiver(http={"read_header_timeout": "3s"})))


@pytest.fixture
def port(process):
    """The HTTP port of a program that must be well before and after."""
    bystander = Bystander(process)
    before = process.rss_mib()
    yield process.ports["otlp_http"]
    bystander.finish()
    assert process.rss_mib() - before < 300  # generous: the sanitizer keeps what was freed for a while


def assert_error(answer, status, code=None):
    """An answer that says what is wrong as a google.rpc.Status in the request's content type."""
    assert answer is not None and answer.status == status, answer
    if answer.headers["content-type"] == "application/json":
        error = json.loads(answer.body)
        assert error["message"]
        assert code is None or error["code"] == code
    else:
        assert answer.headers["content-type"] == "application/x-protobuf"
        error = Status.FromString(answer.body)
        assert error.message
        assert code is None or error.code == code


# --- Bodies ---


@pytest.mark.parametrize("name", BROKEN)
def test_broken_protobuf_is_400(port, name):
    assert_error(exchange(port, request(BROKEN[name])), 400, INVALID_ARGUMENT)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b'"x"', b"{}x", b'{"resourceSpans": 1}', b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}',
    b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}', b'{"a": ' + b"[" * 100_000, b"\xff\xfe{}",
])
def test_broken_json_is_400(port, body):
    assert_error(exchange(port, request(body, content_type="application/json")), 400, INVALID_ARGUMENT)


def test_an_empty_protobuf_body_is_a_valid_empty_request(port):
    assert exchange(port, request(b"")).status == 200


def test_deep_nesting_has_a_limit(port):
    assert exchange(port, request(nested_value(20))).status == 200
    assert_error(exchange(port, request(nested_value(10_000))), 400, INVALID_ARGUMENT)
    deep = b'{"arrayValue":{"values":[' * 10_000
    text = b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":' + deep
    assert_error(exchange(port, request(text, content_type="application/json")), 400, INVALID_ARGUMENT)


def test_a_field_that_comes_twice_is_merged(vigia, http_sink):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}))
    assert exchange(process.ports["otlp_http"], request(two_resources())).status == 200
    group, _, span = next(leaves(http_sink.wait_for("traces", 1)[0]))
    assert [attribute.key for attribute in group.resource.attributes] == ["a", "b"]
    assert span.name == "twice"


def test_a_body_over_the_limit_is_413_before_it_is_sent(port):
    with connect(port) as connection:
        send_all(connection, head(Content_Length=MAX_BODY + 1))
        assert_error(read_answer(connection), 413)


def test_a_chunked_body_over_the_limit_is_413(port):
    with connect(port) as connection:
        send_all(connection, head(Transfer_Encoding="chunked"))
        chunk = b"100000\r\n" + bytes(MIB) + b"\r\n"
        for _ in range(22):
            send_all(connection, chunk)
        assert_error(read_answer(connection), 413)


@pytest.mark.parametrize("encoding, bomb", [
    ("gzip", gzip.compress(bytes(128 * MIB), 9)),
    ("deflate", zlib.compress(bytes(128 * MIB), 9)),
], ids=["gzip", "deflate"])
def test_a_bomb_stops_at_the_limit_with_413(port, encoding, bomb):
    assert len(bomb) < MIB
    assert_error(exchange(port, request(bomb, Content_Encoding=encoding)), 413)


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(WHOLE)[:-9], gzip.compress(WHOLE) + b"more", b""])
def test_broken_gzip_is_400(port, body):
    assert_error(exchange(port, request(body, Content_Encoding="gzip")), 400, INVALID_ARGUMENT)


def test_the_name_of_an_encoding_may_be_in_any_case(port):
    assert exchange(port, request(gzip.compress(WHOLE), Content_Encoding="GZip")).status == 200
    assert exchange(port, request(WHOLE, Content_Encoding="Identity")).status == 200


def test_an_unknown_encoding_is_400_as_the_collector_says(port):
    assert_error(exchange(port, request(WHOLE, Content_Encoding="br")), 400)


# --- Paths, methods, types ---


def test_a_wrong_path_is_404(port):
    assert exchange(port, request(WHOLE, path="/v1/spans")).status == 404
    assert exchange(port, request(WHOLE, path="/v1/traces/more")).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_405(port, method):
    answer = exchange(port, head(method=method, Content_Length=0))
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None])
def test_a_wrong_content_type_is_415(port, content_type):
    assert exchange(port, request(WHOLE, content_type=content_type)).status == 415


def test_parameters_of_the_content_type_are_fine(port):
    assert exchange(port, request(b"{}", content_type="application/json; charset=utf-8")).status == 200


@pytest.mark.parametrize("content_type, good, bad", [
    ("Application/JSON", b"{}", b"{"),
    ("APPLICATION/json ; Charset=UTF-8", b"{}", b"{"),
    ("Application/X-Protobuf", SPAN_NAME, b"\x0a\x7f"),
])
def test_letter_case_of_the_content_type_does_not_matter(port, content_type, good, bad):
    assert exchange(port, request(good, content_type=content_type)).status == 200
    assert_error(exchange(port, request(bad, content_type=content_type)), 400, INVALID_ARGUMENT)


@pytest.mark.parametrize("url, status", [
    ("http://localhost/v1/traces", 200), ("HTTP://other.example:4318/v1/traces?a=b", 200), ("http://localhost", 404), ("ftp://localhost/v1/traces", 404),
])
def test_a_whole_url_as_the_target_is_its_path(port, url, status):
    assert exchange(port, request(SPAN_NAME, path=url)).status == status


# --- Messages ---


@pytest.mark.parametrize("data", [
    b"\x00\x01\x02\x03\r\n\r\n",
    b"POST /v1/traces\r\n\r\n",
    b"POST /v1/traces HTTP/1.1\r\nContent-Length: 0\r\n\r\n",  # no Host
    b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"POST /v1/traces HTTP/1.0\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
    b"POST http://a/v1/traces HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
    head(Content_Length="ten"),
    head(Content_Length="-1"),
    head(Content_Length="99999999999999999999"),
    b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    head(Content_Length=4, Transfer_Encoding="chunked") + b"0\r\n\r\n",
    head(Transfer_Encoding="chunked") + b"xyz\r\n",
    head(Transfer_Encoding="chunked") + b"ffffffffffffffffff\r\n",
    head(Transfer_Encoding="chunked") + b"1\r\nab\r\n0\r\n\r\n",
    b"POST /v1/traces HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
    b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nbad name: b\r\n\r\n",
    b"POST /v1/traces HTTP/1.1\nHost: a\nContent-Length: 0\n\n",
    b"POST /v1/traces HTTP/1.1\r\nHost: a\nContent-Length: 0\r\n\r\n",
])
def test_a_malformed_message_is_400_and_the_end(port, data):
    with connect(port) as connection:
        send_all(connection, data)
        assert read_answer(connection).status == 400
        assert is_closed_by_server(connection)


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/3.0", "HTTP/9.9"])
def test_an_unknown_version_is_505(port, version):
    assert exchange(port, head().replace(b"HTTP/1.1", version.encode())).status == 505


def test_a_header_of_a_mebibyte_is_431(port):
    with connect(port) as connection:
        send_all(connection, head(X_Large="a" * MIB))
        assert read_answer(connection).status == 431
        assert is_closed_by_server(connection)


def test_a_header_without_end_is_431(port):
    with connect(port) as connection:
        send_all(connection, b"POST /v1/traces HTTP/1.1\r\nHost: a\r\n")
        for number in range(40_000):
            send_all(connection, b"x-%d: aaaaaaaaaaaaaaaaaaaa\r\n" % number)
        answer = read_answer(connection)
        assert answer is None or answer.status == 431  # None: our own writing met the closed connection first


def test_garbage_behind_a_good_request_spoils_only_itself(port):
    with connect(port) as connection:
        send_all(connection, request(SPAN_NAME) + b"garbage\r\n\r\n")
        assert read_answer(connection).status == 200
        assert read_answer(connection).status == 400
        assert is_closed_by_server(connection)


def test_pipelined_requests_are_answered_in_order(port):
    with connect(port) as connection:
        send_all(connection, request(SPAN_NAME) + request(b"\x0a") + request(SPAN_NAME))
        assert [read_answer(connection).status for _ in range(3)] == [200, 400, 200]


# --- Connections ---


def test_a_body_that_stops_half_way_closes_the_connection(port):
    with connect(port) as connection:
        send_all(connection, head(Content_Length=1000) + b"0123456789")
        connection.socket.shutdown(socket.SHUT_WR)
        assert is_closed_by_server(connection)


def test_slow_heads_and_bodies_are_told_408(port):
    """Slow loris: two hundred of each, none of which goes on."""
    slow = [connect(port) for _ in range(400)]
    for number, connection in enumerate(slow):
        send_all(connection, b"POST /v1/traces HTT" if number % 2 else head(Content_Length=1000) + b"0123456789")
    for connection in slow:
        assert read_answer(connection).status == 408
        assert is_closed_by_server(connection)
        connection.close()


def test_ten_thousand_idle_connections(vigia):
    process = vigia(forwarding({"nop": None}))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10_000
    if hard != resource.RLIM_INFINITY and hard < wanted + 500:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 500, hard))
    connections = []
    try:
        before = process.rss_mib()
        for _ in range(wanted):
            connections.append(connect(process.ports["otlp_http"]))
        bystander = Bystander(process)
        assert exchange(process.ports["otlp_http"], request(SPAN_NAME)).status == 200
        bystander.finish()
        assert process.rss_mib() - before < 200  # 20 KiB each, under the sanitizer
        send_all(connections[0], request(SPAN_NAME))  # the first is still of use
        assert read_answer(connections[0]).status == 200
    finally:
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_slow_uploads_stay_within_the_memory_limit(vigia):
    """Each is small when its head is looked at: the limit of 40 MiB is asked again as they grow, and the refusal says to come back."""
    limiter = {"check_interval": "1s", "limit_mib": 2000, "spike_limit_mib": 1960}
    process = vigia(forwarding({"nop": None}, {"memory_limiter": limiter}))
    port = process.ports["otlp_http"]
    uploads = [connect(port) for _ in range(20)]
    for connection in uploads:
        send_all(connection, head(Content_Length=8 * MIB))
    for _ in range(6):
        for connection in uploads:
            send_all(connection, bytes(MIB))
    sockets = [connection.socket for connection in uploads]
    wait_until(lambda: len(select.select(sockets, [], [], 0)[0]) >= 14, "most uploads are refused")
    for connection in uploads:
        if select.select([connection.socket], [], [], 0)[0]:
            answer = read_answer(connection)
            assert_error(answer, 429)
            assert int(answer.headers["retry-after"]) > 0
        connection.close()
    wait_until(lambda: exchange(port, request(SPAN_NAME)).status == 200, "there is room again")


def test_half_sent_requests_do_not_hold_the_stop_up(vigia):
    process = vigia(forwarding({"nop": None}))
    half_head, half_body = (connect(process.ports["otlp_http"]) for _ in range(2))
    send_all(half_head, b"POST /v1/traces HTTP/1.1\r\nHost:")
    send_all(half_body, head(Content_Length=1000) + b"0123456789")
    assert exchange(process.ports["otlp_http"], request(SPAN_NAME)).status == 200  # the others have been read meanwhile
    begun = time.monotonic()
    process.stop()
    assert time.monotonic() - begun < 6  # most of it is the sanitizer's
    answer = read_answer(half_body)
    assert_error(answer, 503)
    assert answer.headers["connection"] == "close"


def test_a_client_library_sees_the_same_answers(process):
    """The same through a real client: what the error says is for people."""
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/traces", data=b"\x0a\x7f",
                           headers={"Content-Type": "application/x-protobuf"}, timeout=10)
    assert answer.status_code == 400
    assert Status.FromString(answer.content).message
