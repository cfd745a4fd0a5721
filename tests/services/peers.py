"""Foreign programs that tests run beside vigia: found or installed by name, started on free ports, stopped by their pid."""

import socket
import subprocess
from pathlib import Path

import yaml

from waiting import wait_until

INSTALL = Path(__file__).resolve().parent / "install"
SIGNALS = ("traces", "metrics", "logs")


def installed(name):
    """The path of a peer, installed into the cache when it is missing."""
    done = subprocess.run([INSTALL, name], stdout=subprocess.PIPE, text=True, check=True)
    return next(line.split("=", 1)[1] for line in done.stdout.splitlines() if line.startswith(f"{name}="))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class ReferenceCollector:
    """The OpenTelemetry Collector: OTLP in on both protocols, `exporters` out, the same for all three signals."""

    def __init__(self, folder, exporters, tls=None, service=None):
        """`service` holds what else there is: processors, pipelines of its own, telemetry, and options of both protocols."""
        service = service or {}
        self.program = installed("collector")
        self.grpc_port, self.http_port = free_port(), free_port()
        self.config_file = Path(folder) / "collector.yaml"
        self.log_file = Path(folder) / "collector.log"
        protocols = {"grpc": {"endpoint": f"127.0.0.1:{self.grpc_port}"}, "http": {"endpoint": f"127.0.0.1:{self.http_port}"}}
        if tls:
            for protocol in protocols.values():
                protocol["tls"] = tls
        for protocol in protocols.values():
            protocol.update(service.get("protocol", {}))
        pipeline = {"receivers": ["otlp"], "exporters": list(exporters)}
        self.config_file.write_text(yaml.safe_dump({
            "receivers": {"otlp": {"protocols": protocols}},
            "processors": service.get("processors", {}),
            "exporters": exporters,
            "service": {
                "telemetry": service.get("telemetry", {"metrics": {"level": "none"}}),
                "pipelines": service.get("pipelines", {signal: pipeline for signal in SIGNALS}),
            },
        }))

    def __enter__(self):
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([self.program, f"--config={self.config_file}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._is_ready, "the Collector is ready", 20)
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"the Collector ended:\n{self.log()}"
        return accepts_connections(self.grpc_port) and accepts_connections(self.http_port)

    def log(self):
        return self.log_file.read_text(errors="replace")[-8000:]

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        print(f"--- log of the Collector ---\n{self.log()}")
