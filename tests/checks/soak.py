#!/usr/bin/env python3
"""Ten minutes at the highest rate: no errors, nothing lost, and memory that does not grow.

    ./dev check soak [--seconds 600] [--batch 1000] [--compression none]
    ./dev check soak --durable [--minutes 30] [--rate 100000] [--seed N] [--system vigia|otelcol] [--folder DIR]

One vigia forwards over gRPC to another, which counts; `vigia load` offers as much as it gets answers for. Memory is read every second.
What is under way goes up and down by tens of MiB with the speed of a shared machine; what leaks lifts the floor below that. So the line
through the least reading of each twenty seconds after the first minute must rise by less than 1 MiB in ten minutes; the line through
all readings is told beside it.

With --durable the queue is on the disk, the rate is fixed, and the backend is away for 20 to 60 s again and again. Memory and disk are read
every ten seconds. In the end every span that was answered with OK has been delivered, still waits, or is a dead letter.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import durable  # noqa: E402
import soak_durable  # noqa: E402

WARM_UP_S = 60
FLOOR_S = 20
MAX_RISE_MIB = 1.0


def start(folder, name, config):
    """A vigia with free ports; its process and what it says it listens on."""
    path, ports_file = Path(folder) / f"{name}.yaml", Path(folder) / f"{name}.json"
    path.write_text(json.dumps(config))
    log = open(Path(folder) / f"{name}.log", "wb")
    process = subprocess.Popen([os.environ["VIGIA_BINARY"], "run", "--config", path, "--ports-file", ports_file], stdout=log, stderr=log)
    for _ in range(200):
        if ports_file.exists():
            return process, json.loads(ports_file.read_text())
        threading.Event().wait(0.05)
    raise SystemExit(f"{name} did not start: {(Path(folder) / f'{name}.log').read_text()}")


def config(exporter):
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0", "max_recv_msg_size_mib": 16}}}},
        "exporters": exporter,
        "service": {"telemetry": {"metrics": {"address": "127.0.0.1:0"}, "logs": {"level": "warn"}},
                    "pipelines": {"traces": {"receivers": ["otlp"], "exporters": list(exporter)}}},
    }


def rss_mib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def accepted_spans(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(int(value) for value in re.findall(r'^otelcol_receiver_accepted_spans\{[^}]*\} (\d+)', text, re.MULTILINE))


def floor_of(readings, floor_s=FLOOR_S):
    """The least reading of each so many seconds. The last ones are not whole, and may have met nothing but a full queue."""
    least = {}
    for second, mib in readings:
        span = int(second // floor_s)
        least[span] = min(least.get(span, (second, mib)), (second, mib), key=lambda reading: reading[1])
    return [least[span] for span in sorted(least)[:-1]] or list(least.values())


def rise_in_ten_minutes(points):
    """Of the straight line through (seconds, MiB), by least squares."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    return 600 * sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def measure(arguments, folder):
    sink, sink_ports = start(folder, "sink", config({"nop": None}))
    target = {"endpoint": f"127.0.0.1:{sink_ports['otlp_grpc']}", "tls": {"insecure": True}, "compression": arguments.compression}
    vigia, ports = start(folder, "vigia", config({"otlp": target}))
    load = subprocess.Popen(
        [os.environ["VIGIA_BINARY"], "load", "traces", "--endpoint", f"127.0.0.1:{ports['otlp_grpc']}", "--protocol", "grpc", "--rate", "max",
         "--duration", f"{arguments.seconds}s", "--connections", "8", "--batch", str(arguments.batch), "--compression", arguments.compression],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    readings, begin = [], time.monotonic()
    while load.poll() is None:
        readings.append((time.monotonic() - begin, rss_mib(vigia.pid)))
        if len(readings) % 60 == 0:
            print(f"{readings[-1][0]:5.0f} s  {readings[-1][1]:6.1f} MiB", file=sys.stderr, flush=True)
        threading.Event().wait(1)
    sent = json.loads(load.stdout.read())
    vigia.terminate()
    is_clean = vigia.wait(30) == 0
    arrived = accepted_spans(sink_ports["metrics"])
    sink.terminate()
    sink.wait(30)
    return sent, arrived, is_clean, readings


def run(arguments, folder):
    """The plain form. What is wrong."""
    sent, arrived, is_clean, readings = measure(arguments, folder)
    settled = [reading for reading in readings if reading[0] > min(WARM_UP_S, arguments.seconds / 4)]
    rise = rise_in_ten_minutes(floor_of(settled))
    print(f"{sent['accepted']:,} spans accepted in {sent['seconds']:.0f} s ({sent['per_second']:,.0f}/s), {sent['rejected']} rejected, "
          f"{sent['failed']} failed; {arrived:,} arrived")
    print(f"resident: {min(y for _, y in settled):.1f} to {max(y for _, y in settled):.1f} MiB; in ten minutes the floor rises by {rise:+.2f} MiB, "
          f"the line through all readings by {rise_in_ten_minutes(settled):+.2f}")
    return [what for what, is_there in (("errors", sent["rejected"] or sent["failed"]), ("loss", arrived != sent["accepted"]),
                                        ("an unclean end", not is_clean), ("growing memory", rise > MAX_RISE_MIB)) if is_there]


def run_durable(arguments, folder):
    durable.DurableSystem.is_reference = arguments.system == "otelcol"
    print(f"seed {arguments.seed}", file=sys.stderr)
    result = soak_durable.measure(arguments, folder, start, config({"nop": None}), rss_mib,
                                  lambda text: print(text, file=sys.stderr, flush=True))
    return soak_durable.report(arguments, result, floor_of, rise_in_ten_minutes, MAX_RISE_MIB)


def main():
    parser = argparse.ArgumentParser(prog="./dev check soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--compression", default="none")
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--minutes", type=float, default=30, help="of load, with --durable")
    parser.add_argument("--rate", type=int, default=100_000, help="spans a second, with --durable")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="when the backend goes and comes")
    parser.add_argument("--system", choices=("vigia", "otelcol"), default="vigia")
    parser.add_argument("--folder", help="on which disk: a new folder is made in it (the system's folder for temporary files)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigia-soak-", dir=arguments.folder) as folder:
        problems = (run_durable if arguments.durable else run)(arguments, folder)
    print("FAILED: " + ", ".join(problems) if problems else "passed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
