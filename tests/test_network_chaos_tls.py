"""Certificates that expire while the program runs, at the backend's door and at ours: refused with a reason that names the expiry, nothing
that was answered with OK is lost, and all goes on once the files are fresh, without a restart."""

import http.client
import ssl

import pytest

from authority import Authority
from configurations import otlp_receiver
from durable import arrived_numbers, durable_exporter, send_numbered
from otlp_sinks import GrpcSink, HttpSink
from returning_backend import ReturningBackend
from waiting import wait_until

RELOAD_INTERVAL = "100ms"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def expect_all(sink, count):
    wait_until(lambda: set(arrived_numbers(sink)) >= set(range(count)), f"all of {count} spans have arrived")


def wait_for_expiry(issued):
    wait_until(issued.has_expired, "the certificate has expired")


# --- Exporters ---


def serving(kind, certificates):
    """A front of a backend that takes TLS. Leaving ends gRPC's connections; HTTP's end with each answer."""

    def front(address, record):
        sink = kind(address=address, record=record, certificates=certificates)
        sink.closes = True
        return sink

    return front


@pytest.mark.parametrize("kind", [GrpcSink, HttpSink])
def test_a_backend_whose_certificate_expires_gets_everything_when_it_has_a_fresh_one(durable, authority, kind):
    short = authority.issue(seconds=3)
    with ReturningBackend(is_there=True, front=serving(kind, short)) as backend:
        section = durable_exporter(f"https://{backend.endpoint}")
        section["tls"] = {"ca_file": str(authority.certificate)}
        process = durable.start(durable.config({"otlp" if kind is GrpcSink else "otlphttp": section}))
        send_numbered(process, range(50))
        wait_until(lambda: len(arrived_numbers(backend)) >= 50 or short.has_expired(), "what came while it was valid has arrived")
        wait_for_expiry(short)
        backend.leave()
        arrived_before = len(arrived_numbers(backend))
        backend.come()
        send_numbered(process, range(50, 100))
        process.wait_for_log("the server's certificate was refused: certificate has expired")
        process.kill()
        process = durable.start(durable.config({"otlp" if kind is GrpcSink else "otlphttp": section}))
        process.wait_for_log("the server's certificate was refused: certificate has expired")
        assert len(arrived_numbers(backend)) == arrived_before, "nobody may send to a server that cannot show who it is"
        backend.leave()
        backend.front = serving(kind, authority.issue())
        backend.come()
        expect_all(backend, 100)


def test_an_exporter_whose_own_certificate_expires_takes_the_fresh_one_from_the_disk(durable, authority, tmp_path):
    certificate, key = tmp_path / "client.crt", tmp_path / "client.key"
    authority.issue(seconds=-10).put(certificate, key)
    with HttpSink(certificates=authority.issue(), client_authority=authority.certificate) as sink:
        section = durable_exporter(sink.url)
        section["tls"] = {"ca_file": str(authority.certificate), "cert_file": str(certificate), "key_file": str(key),
                          "reload_interval": RELOAD_INTERVAL}
        process = durable.start(durable.config({"otlphttp": section}))
        send_numbered(process, range(50))
        process.wait_for_log("the server says that our certificate has expired")
        assert not sink.received()
        authority.issue().put(certificate, key)
        expect_all(sink, 50)


# --- Receivers ---


class Door:
    """A receiver by TLS, the files that it was given, and a client before it."""

    def __init__(self, vigia, authority, folder, **tls):
        self.certificate, self.key, self.clients = folder / "server.crt", folder / "server.key", folder / "clients.crt"
        self._start = lambda: vigia({
            "receivers": otlp_receiver(tls={"cert_file": str(self.certificate), "key_file": str(self.key), **tls}),
            "exporters": {"nop": None},
            "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}}},
        })
        authority.issue().put(self.certificate, self.key)

    def open(self):
        self.process = self._start()

    def knock(self, context, session=None):
        """The answer to an empty request, or why there is none, and the session for the next time."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.process.ports["otlp_http"], timeout=10, context=context)
        try:
            http.client.HTTPConnection.connect(connection)
            connection.sock = context.wrap_socket(connection.sock, server_hostname="127.0.0.1", session=session)
            connection.request("POST", "/v1/traces", b"", {"Content-Type": "application/x-protobuf"})
            status = connection.getresponse().status
            return str(status), connection.sock.session
        except OSError as error:  # refusals are ssl.SSLError, or the end of the connection where the reason came too late
            return str(error).lower(), None
        finally:
            connection.close()

    def answers(self, context):
        return self.knock(context)[0] == "200"


def test_a_receiver_whose_certificate_has_expired_serves_the_fresh_one_from_the_disk(vigia, authority, tmp_path):
    door = Door(vigia, authority, tmp_path, reload_interval=RELOAD_INTERVAL)
    authority.issue(seconds=-10).put(door.certificate, door.key)
    door.open()
    context = authority.client_context()
    assert "certificate has expired" in door.knock(context)[0]
    fresh = authority.issue()
    door.certificate.write_bytes(fresh.certificate.read_bytes()[:100])
    wait_until(lambda: door.knock(context) and "stay in force" in door.process.log(), "the log tells of the half-written file")
    assert "certificate has expired" in door.knock(context)[0], "the old certificate serves on"
    fresh.put(door.certificate, door.key)
    wait_until(lambda: door.answers(context), "the fresh certificate is served")
    door.process.wait_for_log("read again")


@pytest.mark.parametrize("setting", [{"client_ca_file_reload": True}, {"reload_interval": RELOAD_INTERVAL}])
def test_a_receiver_whose_client_authority_was_replaced_takes_the_new_ones_clients_only(vigia, authority, tmp_path, setting):
    next_authority = Authority(tmp_path, "next")
    door = Door(vigia, authority, tmp_path, client_ca_file=str(tmp_path / "clients.crt"), **setting)
    door.clients.write_bytes(authority.certificate.read_bytes())
    door.open()
    old, new = authority.client_context(authority.issue()), authority.client_context(next_authority.issue())
    assert door.answers(old)
    assert not door.answers(new)
    door.process.wait_for_log("the client's certificate was refused")
    door.clients.write_bytes(next_authority.certificate.read_bytes())
    wait_until(lambda: door.answers(new), "clients of the new authority are welcome")
    assert not door.answers(old)


def test_a_receiver_tells_of_a_client_whose_certificate_has_expired(vigia, authority, tmp_path):
    door = Door(vigia, authority, tmp_path, client_ca_file=str(authority.certificate))
    door.open()
    expired = authority.client_context(authority.issue(seconds=-10))
    wait_until(lambda: "certificate expired" in door.knock(expired)[0], "the client has been told why")
    door.process.wait_for_log("the client's certificate was refused: certificate has expired")
    assert not door.answers(authority.client_context())
    door.process.wait_for_log("did not return a certificate")
    assert door.answers(authority.client_context(authority.issue()))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_that_has_expired_cannot_come_in_by_an_old_session(vigia, authority, tmp_path, version):
    door = Door(vigia, authority, tmp_path, client_ca_file=str(authority.certificate))
    door.open()
    short = authority.issue(seconds=3)
    context = authority.client_context(short)
    context.maximum_version = version
    answer, session = door.knock(context)
    assert answer == "200" or short.has_expired()
    wait_for_expiry(short)
    assert door.knock(context, session)[0] != "200"
    door.process.wait_for_log("certificate has expired")
