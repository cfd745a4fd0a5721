"""The load generator (`vigia load`) and what has arrived at a sink."""

import json
import re
import subprocess
import urllib.request

from .processes import Failure

# What the sink's counters are called.
ITEM_NAMES = {"traces": "spans", "metrics": "metric_points", "logs": "log_records"}


def run_load(binary, core, signal, protocol, port, *, rate, seconds, batch, connections, compression, in_flight=None, seed=1):
    """Sends for so many seconds and returns the summary."""
    command = ["taskset", "-c", str(core), binary, "load", signal, "--endpoint", f"127.0.0.1:{port}", "--protocol", protocol,
               "--rate", "max" if rate is None else f"{rate:g}", "--duration", f"{round(seconds * 1000)}ms", "--batch", str(batch),
               "--connections", str(connections), "--compression", compression, "--seed", str(seed)]
    if in_flight:
        command += ["--in-flight", str(in_flight)]
    # Nothing that was refused counts as arrived, so a run with refusals is still a run: exit code 1 is looked at by the caller.
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds + 60)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise Failure(f"vigia load ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


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
