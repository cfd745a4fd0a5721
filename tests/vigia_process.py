"""The real program as a child process: started with a configuration, ready within a deadline, stopped cleanly."""

import json
import os
import re
import subprocess
from pathlib import Path

import yaml

from child_process import ChildProcess
from waiting import wait_until

SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|CHECK failed")


def binary():
    root = Path(__file__).resolve().parent.parent
    path = Path(os.environ.get("VIGIA_BINARY", root / "build" / "dev" / "src" / "app" / "vigia"))
    assert path.exists(), f"{path} is not built: ./dev build dev vigia"
    return str(path)


def clean_environment(extra=None):
    """Nothing of the caller's environment reaches the program by accident."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment["ASAN_OPTIONS"] = "detect_leaks=1:exitcode=99"
    environment.update(extra or {})
    return environment


def run_vigia(*arguments, environment=None, deadline_s=30, cwd=None):
    """A command that ends by itself, such as `vigia validate`."""
    done = subprocess.run([binary(), *map(str, arguments)], env=clean_environment(environment), capture_output=True, text=True,
                          timeout=deadline_s, check=False, cwd=cwd)
    assert not SANITIZER_REPORT.search(done.stderr), done.stderr
    return done


def as_yaml(config):
    return config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False)


class Vigia(ChildProcess):
    name = "vigia"

    def __init__(self, folder, arguments, environment=None, launcher=()):
        """`launcher` is a command that becomes the program which is named behind it."""
        self.ports_file = Path(folder) / "ports.json"
        self.ports = {}
        command = [*launcher, binary(), *map(str, arguments), "--ports-file", str(self.ports_file)]
        super().__init__(folder, command, "vigia.log", clean_environment(environment))

    def is_ready(self):
        try:
            ports = json.loads(self.ports_file.read_text())
        except (FileNotFoundError, ValueError):
            return False
        # Components report theirs as "otlp/grpc": the same listener as "otlp_grpc".
        components = ports.pop("components", {})
        self.ports = {re.sub(r"\W", "_", name): port for name, port in {**components, **ports}.items()}
        return True

    def metrics(self):
        """Its self-metrics: {name: sum over all label sets}."""
        status, text = self.get("metrics", "/metrics")
        assert status == 200, text
        totals = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = re.match(r"([^{\s]+)(?:\{.*\})?\s+(\S+)", line).groups()
                totals[name] = totals.get(name, 0.0) + float(value)
        return totals

    def rss_mib(self):
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def wait_for_log(self, text, deadline_s=20):
        wait_until(lambda: text in self.log(), f"the log says {text!r}", deadline_s)

    def check_log(self):
        report = SANITIZER_REPORT.search(self.log())
        assert report is None, self.log()[max(0, report.start() - 200):][:8000]
