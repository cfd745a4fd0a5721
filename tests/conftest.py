"""Fixtures of the whole-program tests. Every one starts the real binary on free ports and cleans up after itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from durable import DurableSystem  # noqa: E402
from otlp_sinks import GrpcSink, HttpSink  # noqa: E402
from returning_backend import ReturningBackend  # noqa: E402
from vigia_process import Vigia, as_yaml  # noqa: E402

# The clients here talk to this machine only: proxies and certificate stores of the caller's must not come between.
for name in list(os.environ):
    if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR") or name.startswith("OTEL_"):
        del os.environ[name]

# Listeners that a configuration opens by default must not collide with another vigia on this machine.
FREE_PORTS = ("--set", "service.telemetry.metrics.address=127.0.0.1:0")


class Starter:
    """vigia(config) starts the program with a configuration (a dict or YAML text) and waits until it is ready."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def __call__(self, config=None, *, files=(), arguments=(), environment=None, is_ready=True):
        folder = self.folder / f"vigia-{len(self.started)}"
        folder.mkdir()
        files = list(files)
        if config is not None:
            (folder / "config.yaml").write_text(as_yaml(config))
            files.insert(0, folder / "config.yaml")
        command = [f"--config={path}" for path in files]
        vigia = Vigia(folder, [*command, *FREE_PORTS, *arguments], environment)
        self.started.append(vigia)
        return vigia.wait_ready() if is_ready else vigia

    def role(self, *arguments, environment=None, launcher=()):
        """A built-in role such as `up`, with its own options instead of a file. `launcher`: see Vigia."""
        folder = self.folder / f"vigia-{len(self.started)}"
        folder.mkdir()
        vigia = Vigia(folder, arguments, environment, launcher)
        self.started.append(vigia)
        return vigia.wait_ready()

    def stop_all(self):
        try:
            for vigia in self.started:
                if vigia.process.returncode is None:
                    vigia.stop()
        finally:
            for number, vigia in enumerate(self.started):
                vigia.kill()
                print(f"--- log of vigia-{number} ---\n{vigia.log()[-20000:]}")


@pytest.fixture
def vigia(tmp_path):
    starter = Starter(tmp_path)
    yield starter
    starter.stop_all()


@pytest.fixture(scope="module")
def module_vigia(tmp_path_factory):
    """The same, for a program that all tests of a file share."""
    starter = Starter(tmp_path_factory.mktemp("module"))
    yield starter
    starter.stop_all()


@pytest.fixture
def http_sink():
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def grpc_sink():
    with GrpcSink() as sink:
        yield sink


@pytest.fixture
def durable(tmp_path):
    """The system with a storage directory (durable.py)."""
    system = DurableSystem(tmp_path)
    yield system
    try:
        system.stop_all()
    finally:
        system.print_logs()


@pytest.fixture
def backend():
    """Away until it is told to come."""
    with ReturningBackend() as returning:
        yield returning


class Certificates:
    def __init__(self, folder):
        self.certificate = folder / "server.crt"
        self.key = folder / "server.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", str(self.key), "-out", str(self.certificate)], check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A self-signed server certificate for localhost."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
