"""The reference Collector in vigia's place: the same configurations, the same calls, so that a test of promises that both make runs on either."""

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

import yaml

from services.peers import accepts_connections, free_port, installed
from waiting import wait_until

STOP_DEADLINE_S = 30


def with_free_ports(config):
    """The configuration with real ports where it asks for any, and what they are called: the Collector does not tell which it took."""
    ports = {}
    for name, receiver in config["receivers"].items():
        for protocol, settings in receiver.get("protocols", {}).items():
            if settings["endpoint"].endswith(":0"):
                ports[f"{name}_{protocol}"] = free_port()
                settings["endpoint"] = f"127.0.0.1:{ports[f'{name}_{protocol}']}"
    ports["metrics"] = free_port()
    reader = {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": ports["metrics"]}}}}
    config["service"]["telemetry"] = {"metrics": {"readers": [reader]}}
    return config, ports


class CollectorProcess:
    """What tests know of `vigia_process.Vigia`, for the Collector."""

    is_reference = True

    def __init__(self, folder, config, launcher=()):
        self.folder = Path(folder)
        self.log_file = self.folder / "collector.log"
        self._program = installed("collector")
        self.configure(config)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*launcher, self._program, f"--config={self._config_file}"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    @property
    def _config_file(self):
        return self.folder / "config.yaml"

    def configure(self, config):
        """Writes the configuration, for the start or for the next reload."""
        config, self.ports = with_free_ports(json.loads(json.dumps(config)))
        self._config_file.write_text(yaml.safe_dump(config, sort_keys=False))

    def wait_ready(self, deadline_s=20):
        wait_until(self._is_ready, "the Collector is ready", deadline_s)
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"the Collector ended with {self.process.returncode}:\n{self.log()[-4000:]}"
        return all(accepts_connections(port) for port in self.ports.values())

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def get(self, name, path="/"):
        with urllib.request.urlopen(f"http://{self.address(name)}{path}", timeout=10) as response:
            return response.status, response.read().decode()

    def reload(self, config):
        self.configure(config)
        self.process.send_signal(signal.SIGHUP)
        self.wait_ready()

    def stop(self):
        if self.is_alive():
            self.process.terminate()
        try:
            code = self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the Collector did not stop within {STOP_DEADLINE_S} s:\n{self.log()[-4000:]}") from None
        assert code == 0, f"the Collector ended with {code}:\n{self.log()[-4000:]}"

    def kill(self):
        if self.is_alive():
            self.process.kill()
            self.process.wait()
