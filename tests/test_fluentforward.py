"""The fluentforward receiver with real client libraries, and with a client by hand for what they do not do: every way of carrying records
arrives whole, an acknowledgement means that the data is safe, senders wait while the pipeline has no room, and nothing a sender does ends
the program or takes its memory."""

import contextlib
import os
import socket
import threading

import msgpack
import pytest
from fluent import asyncsender, sender

from forward_client import ForwardClient, entry, event_time, packed
from otlp_sinks import leaves
from services.clients import fluent_client, run
from waiting import wait_until


def forwarding_logs(exporters, **receiver):
    return {
        "receivers": {"fluentforward": {"endpoint": "127.0.0.1:0", **receiver}},
        "exporters": exporters,
        "service": {"pipelines": {"logs": {"receivers": ["fluentforward"], "exporters": list(exporters)}}},
    }


def to(sink):
    return {"otlphttp": {"endpoint": sink.url, "compression": "none"}}


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return {pair.key: value_of(pair.value) for pair in value.kvlist_value.values}
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


def records(sink, count):
    """(body, attributes, time) of what arrived."""
    return [(value_of(log.body), {pair.key: value_of(pair.value) for pair in log.attributes}, log.time_unix_nano)
            for message in sink.wait_for("logs", count) for _, _, log in leaves(message)]


def port_of(process):
    return process.ports["fluentforward"]


def wait_for_metric(process, name, value):
    wait_until(lambda: process.metrics().get(name) == value, f"{name} is {value}: {process.metrics().get(name)}")


# --- Libraries ---


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("has_nanoseconds", [False, True])
def test_the_python_library(vigia, http_sink, is_async, has_nanoseconds):
    process = vigia(forwarding_logs(to(http_sink)))
    kind = asyncsender.FluentSender if is_async else sender.FluentSender
    client = kind("app", host="127.0.0.1", port=port_of(process), nanosecond_precision=has_nanoseconds)
    for number in range(100):
        moment = 1_700_000_000.5 if has_nanoseconds else 1_700_000_000
        assert client.emit_with_time("web", moment, {"message": f"line {number}", "number": number, "deep": {"list": [1, "x", None, 2.5]}})
    client.close()
    arrived = sorted(records(http_sink, 100), key=lambda one: one[1]["number"])
    assert len(arrived) == 100
    for number, (body, attributes, time_ns) in enumerate(arrived):
        assert body == f"line {number}"
        assert attributes == {"fluent.tag": "app.web", "number": number, "deep": {"list": [1, "x", None, 2.5]}}
        assert time_ns == (1_700_000_000_500_000_000 if has_nanoseconds else 1_700_000_000_000_000_000)
    metrics = process.metrics()
    assert metrics["otelcol_receiver_accepted_log_records"] == metrics["otelcol_fluent_records_generated"] == 100
    assert metrics["otelcol_fluent_opened_connections"] == 1
    wait_for_metric(process, "otelcol_fluent_closed_connections", 1)


@pytest.fixture(scope="module")
def node():
    command = fluent_client()

    def node(**settings):
        import json
        return run([*command, json.dumps(settings)], timeout=60)

    return node


@pytest.mark.parametrize("mode", ["Message", "Forward", "PackedForward", "CompressedPackedForward"])
@pytest.mark.parametrize("way", ["plain", "ack", "key", "user", "tls"])
def test_the_node_library(vigia, http_sink, certificates, node, mode, way):
    receiver = {}
    settings = {"mode": mode, "count": 50, "ack": way != "plain"}
    if way in ("key", "user", "tls"):
        receiver["security"] = {"shared_key": "our secret", "self_hostname": "server.example"}
        settings["sharedKey"] = "our secret"
    if way == "user":
        receiver["security"]["users"] = [{"username": "alice", "password": "wonder"}]
        settings |= {"username": "alice", "password": "wonder"}
    if way == "tls":
        receiver["tls"] = {"cert_file": str(certificates.certificate), "key_file": str(certificates.key)}
        settings["ca"] = str(certificates.certificate)
    process = vigia(forwarding_logs(to(http_sink), **receiver))
    node(port=port_of(process), **settings)
    arrived = sorted(records(http_sink, 50), key=lambda one: one[1]["number"])
    assert [one[0] for one in arrived] == [f"line {number}" for number in range(50)]
    assert arrived[7][1] == {"fluent.tag": "app.node", "number": 7, "nested": {"list": [1, "two", None], "yes": True}}
    assert arrived[7][2] == 1_700_000_000_000_000_007


def test_the_node_library_with_a_wrong_key_is_turned_away(vigia, http_sink, node):
    process = vigia(forwarding_logs(to(http_sink), security={"shared_key": "our secret"}))
    with contextlib.suppress(AssertionError):  # whether the library complains or ends in silence is its own affair
        node(port=port_of(process), mode="Forward", count=1, ack=True, sharedKey="a guess", ackTimeout=2000)
    process.wait_for_log("shared_key mismatch")
    assert http_sink.item_count("logs") == 0
    assert process.metrics()["vigia_fluentforward_failed_handshakes"] >= 1


# --- By hand ---


def test_every_carrier_is_acknowledged(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink)))
    with ForwardClient(port_of(process)) as client:
        client.send(["t", 1_700_000_000, {"log": "a"}, {"chunk": "one"}])
        assert client.receive() == {"ack": "one"}
        client.send_forward("t", [entry("b"), [[event_time(1), {"otlp": {"severity_number": 9}}], {"log": "c"}]], chunk="two")
        assert client.receive() == {"ack": "two"}
        client.send_packed("t", [entry("d"), entry("e")], chunk="three")
        assert client.receive() == {"ack": "three"}
        client.send_packed("t", [entry("f"), entry("g")], compress=True, chunk="four")
        assert client.receive() == {"ack": "four"}
    assert sorted(one[0] for one in records(http_sink, 7)) == list("abcdefg")


def test_a_socket_in_the_file_system(vigia, http_sink, tmp_path):
    path = str(tmp_path / "fluent.sock")
    vigia(forwarding_logs(to(http_sink), endpoint=f"unix://{path}"))
    with ForwardClient(path=path) as client:
        client.send_forward("t", [entry("by a file")], chunk="c")
        assert client.receive() == {"ack": "c"}
    assert records(http_sink, 1)[0][0] == "by a file"


def test_heartbeats_over_udp_are_answered(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(10)
        udp.sendto(b"\0", ("127.0.0.1", port_of(process)))
        assert udp.recv(10) == b"\0"


def test_an_acknowledgement_is_on_the_disk(durable_logs, backend):
    """Acknowledged, then killed: everything is sent after the next start."""
    process = durable_logs.start(backend)
    with ForwardClient(port_of(process)) as client:
        for number in range(20):
            client.send_packed("t", [entry(f"{number}.{i}") for i in range(10)], compress=number % 2 == 1, chunk=str(number))
            assert client.receive() == {"ack": str(number)}
        process.kill()
    backend.come()
    durable_logs.start(backend)
    assert {one[0] for one in records(backend, 200)} == {f"{number}.{i}" for number in range(20) for i in range(10)}


class DurableLogs:
    def __init__(self, starter, folder):
        self.starter, self.folder = starter, folder

    def start(self, backend):
        config = forwarding_logs({"otlp": {"endpoint": backend.endpoint, "tls": {"insecure": True}, "compression": "none",
                                           "sending_queue": {"storage": "file_storage"},
                                           "retry_on_failure": {"initial_interval": "100ms", "max_interval": "500ms"}}})
        config["extensions"] = {"file_storage": {"directory": str(self.folder), "create_directory": True}}
        config["service"]["extensions"] = ["file_storage"]
        return self.starter(config)


@pytest.fixture
def durable_logs(vigia, tmp_path):
    return DurableLogs(vigia, tmp_path / "storage")


def test_senders_wait_while_the_pipeline_has_no_room(vigia, http_sink):
    http_sink.answers.extend([(503, {})] * 8)
    exporters = to(http_sink)
    exporters["otlphttp"] |= {"sending_queue": {"enabled": False},
                              "retry_on_failure": {"enabled": False}}
    process = vigia(forwarding_logs(exporters))
    with ForwardClient(port_of(process)) as client:
        client.send_forward("t", [entry("patient")], chunk="c")
        assert client.receive() == {"ack": "c"}, "after it was refused eight times"
    assert [one[0] for one in records(http_sink, 1)] == ["patient"]
    metrics = process.metrics()
    assert metrics["vigia_fluentforward_retries"] == 8
    assert metrics["otelcol_receiver_refused_log_records"] == 0


def test_what_is_refused_for_good_is_not_acknowledged(vigia, http_sink):
    http_sink.answers.extend([(400, {})])
    exporters = to(http_sink)
    exporters["otlphttp"] |= {"sending_queue": {"enabled": False}}
    process = vigia(forwarding_logs(exporters))
    with ForwardClient(port_of(process)) as client:
        client.send_forward("t", [entry("no")], chunk="c")
        assert client.receive() is None
    wait_for_metric(process, "otelcol_receiver_refused_log_records", 1)


# --- Hostile ---

HOSTILE = {
    "a huge text": b"\xdb\xff\xff\xff\xff",
    "a huge list": b"\xdd\xff\xff\xff\xff" + b"\x01" * 100,
    "a huge map in an entry": msgpack.packb("t").join([b"\x92", b"\x91\x92\x01\xdf\xff\xff\xff\xff"]),
    "deep lists": b"\x91" * 100_000,
    "no MessagePack": b"\xc1" * 1000,
    "HTTP": b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": bytes.fromhex("160301020001000100"),
    "random": bytes(range(256)) * 50,
    "no message": msgpack.packb({"a": 1}),
    "broken entries": msgpack.packb(["t", b"\x92\xd7\x00"]),
    "broken gzip": msgpack.packb(["t", b"\x1f\x8b nonsense", {"compressed": "gzip"}]),
}


def bomb():
    import gzip
    return msgpack.packb(["t", gzip.compress(b"\xc0" * (1 << 30), compresslevel=1), {"compressed": "gzip"}])


def test_hostile_bytes_end_their_connection_only(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink)))
    before_mib = process.rss_mib()
    with ForwardClient(port_of(process)) as good:
        for name, data in {**HOSTILE, "a bomb": bomb()}.items():
            with ForwardClient(port_of(process)) as bad:
                try:
                    bad.send_bytes(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it was thrown out while it spoke
                assert bad.receive() is None, name
            good.send_forward("t", [entry(name)], chunk=name)
            assert good.receive() == {"ack": name}
    assert process.metrics()["otelcol_fluent_parse_failures"] >= len(HOSTILE)
    assert process.rss_mib() < before_mib + 300


def test_messages_that_never_end(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink), message_timeout="1s"))
    data = msgpack.packb(["t", [entry("never whole")]])
    with ForwardClient(port_of(process)) as half, ForwardClient(port_of(process)) as slow:
        half.send_bytes(data[:10])
        is_over = threading.Event()

        def drip():
            for byte in data[:-1] * 100:
                try:
                    slow.send_bytes(bytes([byte]))
                except OSError:
                    return
                if is_over.wait(0.1):
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        assert half.receive() is None
        assert slow.receive() is None
        is_over.set()
        thread.join()
    process.wait_for_log("comes too slowly")


def test_a_message_over_the_limit_names_it(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink), max_message_size="64KiB"))
    with ForwardClient(port_of(process)) as client:
        client.send(["t", packed([entry("x" * 100)] * 1000)])
        assert client.receive() is None
    process.wait_for_log("too large")


def test_handshakes_by_hand(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink), customer="everybody",
                                    security={"shared_key": "our secret", "self_hostname": "server.example",
                                              "users": [{"username": "alice", "password": "wonder", "customer": "acme"}]}))
    with ForwardClient(port_of(process)) as client:
        assert client.shake_hands("our secret", "alice", "wonder")[:4] == ["PONG", True, "", "server.example"]
        client.send_forward("t", [entry("welcome")], chunk="c")
        assert client.receive() == {"ack": "c"}
    for key, username, password, reason in (("a guess", "alice", "wonder", "shared_key mismatch"),
                                            ("our secret", "alice", "guess", "username/password mismatch"),
                                            ("our secret", "", "", "username/password mismatch")):
        with ForwardClient(port_of(process)) as client:
            assert client.shake_hands(key, username, password) == ["PONG", False, reason, "", ""]
            assert client.receive() is None
    with ForwardClient(port_of(process)) as client:
        client.send_forward("t", [entry("uninvited")])
        assert client.receive()[0] == "HELO"
        assert client.receive() is None
    assert len(records(http_sink, 1)) == 1


def test_a_stop_acknowledges_what_it_has_taken(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink)))
    clients = [ForwardClient(port_of(process)) for _ in range(10)]
    for number, client in enumerate(clients):
        client.send_forward("t", [entry(str(number))], chunk=str(number))
    wait_for_metric(process, "otelcol_fluent_opened_connections", 10)
    process.stop()
    acknowledged = {answer["ack"] for client in clients if (answer := client.receive())}
    for client in clients:
        client.socket.close()
    assert acknowledged <= {one[0] for one in records(http_sink, len(acknowledged))}


def test_the_own_log_says_nothing_of_secrets(vigia, http_sink):
    process = vigia(forwarding_logs(to(http_sink), security={"shared_key": "our-secret-key"}))
    with ForwardClient(port_of(process)) as client:
        client.shake_hands("our-secret-key")
    assert "our-secret-key" not in process.log()
    assert os.path.exists(process.ports_file)
