"""The real program as a child process: started with a configuration, ready within a deadline, stopped cleanly."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import yaml

from waiting import wait_until

SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|CHECK failed")
STOP_DEADLINE_S = 30


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


class Vigia:
    def __init__(self, folder, arguments, environment=None, launcher=()):
        """`launcher` is a command that becomes the program which is named behind it."""
        self.folder = Path(folder)
        self.ports_file = self.folder / "ports.json"
        self.log_file = self.folder / "vigia.log"
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*launcher, binary(), *map(str, arguments), "--ports-file", str(self.ports_file)],
                                            env=clean_environment(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.ports = {}

    def wait_ready(self, deadline_s=20):
        wait_until(self._is_ready, "vigia is ready", deadline_s)
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"vigia ended with {self.process.returncode} before it was ready:\n{self.log()}"
        try:
            ports = json.loads(self.ports_file.read_text())
        except (FileNotFoundError, ValueError):
            return False
        # Components report theirs as "otlp/grpc": the same listener as "otlp_grpc".
        components = ports.pop("components", {})
        self.ports = {re.sub(r"\W", "_", name): port for name, port in {**components, **ports}.items()}
        return True

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def address(self, name):
        assert name in self.ports, f"no listener {name}; there are {sorted(self.ports)}"
        return f"127.0.0.1:{self.ports[name]}"

    def get(self, name, path="/"):
        """GET from one of its listeners: status, body."""
        try:
            with urllib.request.urlopen(f"http://{self.address(name)}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

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

    def signal(self, number):
        self.process.send_signal(number)

    def wait_for_log(self, text, deadline_s=20):
        wait_until(lambda: text in self.log(), f"the log says {text!r}", deadline_s)

    def stop(self):
        """SIGTERM must drain and end with 0, without a sanitizer's report."""
        if self.is_alive():
            self.process.terminate()
        try:
            code = self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"vigia did not stop within {STOP_DEADLINE_S} s:\n{self.log()[-4000:]}") from None
        report = SANITIZER_REPORT.search(self.log())
        assert report is None, self.log()[max(0, report.start() - 200):][:8000]
        assert code == 0, f"vigia ended with {code}:\n{self.log()[-4000:]}"

    def kill(self):
        if self.is_alive():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
