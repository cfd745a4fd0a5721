"""The reference Collector in vigia's place: the same configurations, the same calls, so that a test of promises that both make runs on either."""

import json
import signal
from pathlib import Path

import yaml

from child_process import ChildProcess
from services.peers import accepts_connections, free_port, installed


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


class CollectorProcess(ChildProcess):
    """What tests know of `vigia_process.Vigia`, for the Collector."""

    name = "the Collector"
    is_reference = True

    def __init__(self, folder, config, launcher=()):
        self._config_file = Path(folder) / "config.yaml"
        self.configure(config)
        super().__init__(folder, [*launcher, installed("collector"), f"--config={self._config_file}"], "collector.log")

    def configure(self, config):
        """Writes the configuration, for the start or for the next reload."""
        config, self.ports = with_free_ports(json.loads(json.dumps(config)))
        self._config_file.write_text(yaml.safe_dump(config, sort_keys=False))

    def is_ready(self):
        return all(accepts_connections(port) for port in self.ports.values())

    def reload(self, config):
        self.configure(config)
        self.signal(signal.SIGHUP)
        self.wait_ready()
