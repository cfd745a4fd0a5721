"""A receiver with two ports of which one is taken: nothing half-started stays behind, and the message says which port it was."""

import signal
import socket

import pytest

from configurations import forwarding
from test_refusals import call, spans
from vigia_process import as_yaml, run_vigia


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def is_listening(address):
    host, port = address.rsplit(":", 1)
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def with_ports(grpc, http):
    config = forwarding({"nop": None}, extensions={"health_check": {"endpoint": "127.0.0.1:0"}})
    config["receivers"]["otlp"]["protocols"] = {"grpc": {"endpoint": grpc}, "http": {"endpoint": http}}
    return config


def test_a_start_with_one_of_two_ports_taken_ends_with_the_address(tmp_path, taken):
    file = tmp_path / "config.yaml"
    file.write_text(as_yaml(with_ports("127.0.0.1:0", taken)))
    done = run_vigia(f"--config={file}", "--set", "service.telemetry.metrics.address=127.0.0.1:0")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert len(errors) == 1 and "receiver otlp" in errors[0] and taken in errors[0] and "in use" in errors[0].lower(), done.stderr


def test_a_reload_with_one_of_two_ports_taken_goes_back_to_the_old_ports(vigia, taken):
    old_grpc, old_http, new_grpc = free_address(), free_address(), free_address()
    collector = vigia(with_ports(old_grpc, old_http))
    (collector.folder / "config.yaml").write_text(as_yaml(with_ports(new_grpc, taken)))
    collector.signal(signal.SIGHUP)
    collector.wait_for_log("the old one goes on")
    assert taken in collector.log()
    assert is_listening(old_grpc) and is_listening(old_http)
    assert not is_listening(new_grpc), "the port that was free is free again"
    call(collector, spans(1))
