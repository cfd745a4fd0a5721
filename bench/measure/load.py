"""The load generator (`vigia load`) and what has arrived at a sink."""

import json
import re
import subprocess
import urllib.request

from .processes import Failure

# What the sink's counters are called.
ITEM_NAMES = {"traces": "spans", "metrics": "metric_points", "logs": "log_records"}


def load_command(binary, core, signal, protocol, port, *, rate, seconds, batch, connections, compression, in_flight=None, seed=1, items=None):
    command = ["taskset", "-c", str(core), binary, "load", signal, "--endpoint", f"127.0.0.1:{port}", "--protocol", protocol,
               "--rate", "max" if rate is None else f"{rate:g}", "--duration", f"{round(seconds * 1000)}ms", "--batch", str(batch),
               "--connections", str(connections), "--compression", compression, "--seed", str(seed)]
    if in_flight:
        command += ["--in-flight", str(in_flight)]
    if items:
        command += ["--items", str(items)]
    return command


def read_summary(returncode, output, errors):
    # Nothing that was refused counts as arrived, so a run with refusals is still a run: exit code 1 is looked at by the caller.
    if returncode not in (0, 1) or not output.strip():
        raise Failure(f"vigia load ended with {returncode}: {errors.strip()[-500:]}")
    return json.loads(output.splitlines()[-1])


def run_load(*target, seconds, **how):
    """Sends for so many seconds, or until so many items are sent, and returns the summary."""
    command = load_command(*target, seconds=seconds, **how)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds + 60)
    return read_summary(done.returncode, done.stdout, done.stderr)


class BackgroundLoad:
    """Sends until it is told to stop."""

    def __init__(self, *target, **how):
        self._process = subprocess.Popen(load_command(*target, seconds=7200, **how), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def stop(self):
        """The summary."""
        self._process.terminate()
        output, errors = self._process.communicate(timeout=60)
        return read_summary(self._process.returncode, output, errors)

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def read_metrics(port):
    """{name: sum over all label sets} of a Prometheus endpoint."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        text = response.read().decode()
    totals = {}
    for name, value in re.findall(r"^([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)", text, re.MULTILINE):
        totals[name] = totals.get(name, 0.0) + float(value)
    return totals


def arrived_items(port, signal):
    name = f"otelcol_receiver_accepted_{ITEM_NAMES[signal]}"
    totals = read_metrics(port)
    return int(totals.get(name, totals.get(name + "_total", 0)))
