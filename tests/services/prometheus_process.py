"""Prometheus and VictoriaMetrics as child processes: on free ports, with their data in a folder of the test's, asked through their own API.

    with Prometheus(tmp_path, scrape_configs=[scrape_job("vigia", f"127.0.0.1:{port}")]) as prometheus:
        prometheus.wait_for('up{job="vigia"} == 1')

`Prometheus` is Debian's unless `is_current` asks for today's, which is built from its Go module.
"""

import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml

from child_process import ChildProcess
from services.clients import go_program
from services.peers import free_port, installed
from waiting import wait_until


def scrape_job(name, *targets, **settings):
    """One job of a scrape configuration; it is scraped often, since tests wait for it."""
    return {"job_name": name, "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": list(targets)}], **settings}


class MetricsStore(ChildProcess):
    """What speaks Prometheus' query API and takes remote write."""

    def __init__(self, folder, command, port, log_name, environment=None):
        self.port = port
        self.ports = {"http": port}
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(folder, command, log_name, environment)

    def __enter__(self):
        return self.wait_ready(40)

    def __exit__(self, *_):
        self.kill()
        print(f"--- log of {self.name} ---\n{self.log()[-20000:]}")

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}{self.ready_path}", timeout=2) as response:
                return response.status == 200
        except (OSError, urllib.error.HTTPError):
            return False

    def ask(self, path, **parameters):
        """`data` of an answer of the API."""
        text = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{text}", timeout=20) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}?{text}: {error.code} {error.read().decode()}") from None

    def query(self, expression, time_s=None):
        """The result of an instant query: entries with `metric` and `value` or `histogram`, or of a range selector `values` and
        `histograms`."""
        at = {} if time_s is None else {"time": time_s}
        return self.ask("query", query=expression, **at)["result"]

    def value(self, expression, time_s=None):
        """The number that an expression gives; None when it gives nothing, and an error when it is not the only one."""
        result = self.query(expression, time_s)
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None

    def wait_for(self, expression, deadline_s=30):
        """Waits until an expression gives something."""
        return wait_until(lambda: self.query(expression), f"{self.name} gives something for {expression}", deadline_s)

    def samples(self, selector, start_s, end_s):
        """{labels, sorted: [(seconds, text of the value)]} of everything stored in (start, end], without interpolation."""
        span_ms = round((end_s - start_s) * 1000)
        result = self.query(f"{selector}[{span_ms}ms]", time_s=end_s)
        return {tuple(sorted(one["metric"].items())): [(float(at), value) for at, value in one.get("values", [])] for one in result}


class Prometheus(MetricsStore):
    name = "Prometheus"
    ready_path = "/-/ready"

    def __init__(self, folder, scrape_configs=(), is_current=False, features=(), arguments=(), port=None, **configuration):
        """It takes remote write. `configuration` is what else its file holds; `port` lets one come back where it was, on its data."""
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        port = port or free_port()
        self.config_file = folder / "prometheus.yml"
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": list(scrape_configs), **configuration}
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False))
        enabled = ",".join(["exemplar-storage", "native-histograms", *features])
        super().__init__(folder, [
            self._program(is_current), f"--config.file={self.config_file}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", f"--enable-feature={enabled}", *arguments,
        ], port, "prometheus.log")

    @staticmethod
    def _program(is_current):
        if not is_current:
            return shutil.which("prometheus") or pytest.skip("needs Debian's Prometheus: apt install prometheus")
        if not go_program():
            pytest.skip("today's Prometheus is built by Go, and Go is missing or too old")
        return installed("prometheus")


class VictoriaMetrics(MetricsStore):
    name = "VictoriaMetrics"
    ready_path = "/health"

    def __init__(self, folder, is_current=False, port=None):
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        port = port or free_port()
        program = self._program(is_current)
        super().__init__(folder, [
            program, f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y",
            "-search.latencyOffset=0s", "-search.disableCache",
        ], port, "victoria-metrics.log")

    @staticmethod
    def _program(is_current):
        if not is_current:
            return shutil.which("victoria-metrics") or pytest.skip("needs Debian's VictoriaMetrics: apt install victoria-metrics")
        if not go_program():
            pytest.skip("today's VictoriaMetrics is built by Go, and Go is missing or too old")
        return installed("victoriametrics")

    def flush(self):
        """What was written can be read after this."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=20).close()
