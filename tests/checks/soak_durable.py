"""The durable form of the soak: the backend goes away and comes back all the time, and every item is accounted for in the end."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import durable  # noqa: E402

THERE_S, AWAY_S = (30, 90), (20, 60)
READING_S = 10
FLOOR_S = 120  # longer than the backend is away, so that each has a moment with little waiting
MIN_FOR_SLOPE_S = 1200  # a shorter run says nothing about a slope
DRAIN_DEADLINE_S = 900
MAX_DISK_BYTES = 16 << 20  # when nothing waits


def port_that_is_not_given_out():
    """Below the ports that the kernel gives to clients: whoever tries an absent backend again and again would meet himself there."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class MovingSink:
    """A vigia that counts and throws away. It leaves by listening elsewhere, so what it has counted is not forgotten."""

    def __init__(self, folder, start, config):
        self.port = port_that_is_not_given_out()
        self._config, self._file = config, Path(folder) / "sink.yaml"
        self.process, ports = start(folder, "sink", self._at(self.port))
        self._metrics_port = ports["metrics"]

    def _at(self, port):
        config = json.loads(json.dumps(self._config))
        config["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = f"127.0.0.1:{port}"
        return config

    def come(self):
        self._move(self.port)

    def leave(self):
        self._move(0)

    def _move(self, port):
        self._file.write_text(json.dumps(self._at(port)))
        self.process.send_signal(signal.SIGHUP)

    def arrived(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(int(value) for value in re.findall(r"^otelcol_receiver_accepted_spans\{[^}]*\} (\d+)", text, re.MULTILINE))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def come_and_go(sink, chance, is_over, tell):
    while not is_over.wait(chance.uniform(*THERE_S)):
        away_s = chance.uniform(*AWAY_S)
        tell(f"the backend is away for {away_s:.0f} s")
        sink.leave()
        is_over.wait(away_s)
        sink.come()


def exporter_metric(process, name):
    return int(durable.metric(process, f"otelcol_exporter_{name}", exporter="otlp") or 0)


def dead_letter_items(directory):
    """Each dead letter begins with a line of JSON."""
    total = 0
    for path in Path(directory).rglob("*.dead"):
        with open(path, "rb") as file:
            total += json.loads(file.readline())["items"]
    return total


def start_load(arguments, address):
    return subprocess.Popen(
        [os.environ["VIGIA_BINARY"], "load", "traces", "--endpoint", address, "--protocol", "grpc", "--rate", str(arguments.rate),
         "--duration", f"{round(arguments.minutes * 60)}s", "--connections", "8", "--batch", str(arguments.batch),
         "--compression", arguments.compression], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


class Readings:
    """(second, MiB) of memory and disk."""

    def __init__(self, system, process, rss_mib, tell):
        self._system, self._process, self._rss_mib, self._tell = system, process, rss_mib, tell
        self._begin = time.monotonic()
        self.memory, self.disk = [], []

    def take(self, arrived):
        second = time.monotonic() - self._begin
        self.memory.append((second, self._rss_mib(self._process.pid)))
        self.disk.append((second, self._system.disk_bytes() / 2**20))
        waiting = exporter_metric(self._process, "queue_size")
        self._tell(f"{second:5.0f} s  {self.memory[-1][1]:7.1f} MiB resident  {self.disk[-1][1]:9.1f} MiB on disk  "
                   f"{waiting:12,} wait  {arrived:14,} arrived")


def wait_until_drained(process, readings, sink):
    end = time.monotonic() + DRAIN_DEADLINE_S
    while exporter_metric(process, "queue_size") > 0 and time.monotonic() < end:
        threading.Event().wait(1)
    readings.take(sink.arrived())


def measure(arguments, folder, start, sink_config, rss_mib, tell):
    """The load's summary, what became of it, the readings."""
    system = durable.DurableSystem(folder)
    sink, is_over = MovingSink(folder, start, sink_config), threading.Event()
    section = durable.durable_exporter(f"127.0.0.1:{sink.port}", sizer="items", queue_size=10_000_000_000, num_consumers=10)
    section["compression"] = arguments.compression
    config = system.config({"otlp": section})
    config["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] = 16
    try:
        process = system.start(config)
        readings = Readings(system, process, rss_mib, tell)
        changes = threading.Thread(target=come_and_go, args=(sink, random.Random(arguments.seed), is_over, tell), daemon=True)
        changes.start()
        load = start_load(arguments, process.address("otlp_grpc"))
        while load.poll() is None:
            threading.Event().wait(READING_S)
            readings.take(sink.arrived())
        is_over.set()
        changes.join()
        wait_until_drained(process, readings, sink)
        account = {"sent": exporter_metric(process, "sent_spans"), "queued": exporter_metric(process, "queue_size"),
                   "failed": exporter_metric(process, "send_failed_spans"), "dead": dead_letter_items(system.directory), "arrived": sink.arrived()}
        process.stop()
        return json.loads(load.stdout.read()), account, readings, system.disk_bytes()
    finally:
        is_over.set()
        system.stop_all()
        sink.stop()


def report(arguments, result, floor_of, rise_in_ten_minutes, max_rise_mib):
    load, account, readings, disk_bytes = result
    lost = load["accepted"] - account["sent"] - account["queued"] - account["dead"]
    print(f"{load['accepted']:,} spans answered OK in {load['seconds']:.0f} s ({load['per_second']:,.0f}/s); {load['rejected']:,} refused, "
          f"{load['failed']:,} without an answer, {load['unsent']:,} not sent in time")
    print(f"of those answered OK: {account['sent']:,} delivered, {account['queued']:,} still queued, {account['dead']:,} dead letters, "
          f"{lost:,} missing; {account['arrived']:,} counted by the backend, {account['arrived'] - account['sent']:,} of them again")
    is_long = load["seconds"] >= MIN_FOR_SLOPE_S
    for what, points in (("resident", readings.memory), ("disk", readings.disk)):
        settled = [point for point in points if point[0] > min(60, arguments.minutes * 15)]
        slope = f"in ten minutes the floor rises by {rise_in_ten_minutes(floor_of(settled, FLOOR_S)):+.2f} MiB" if is_long else "too short for a slope"
        print(f"{what}: {min(y for _, y in settled):,.1f} to {max(y for _, y in settled):,.1f} MiB; {slope}")
    floor = floor_of([point for point in readings.memory if point[0] > 60], FLOOR_S)
    is_reference = durable.DurableSystem.is_reference
    return [what for what, is_there in (
        ("loss", lost > 0 and not load["failed"]), ("more was delivered than was answered", lost < 0 and not load["failed"]),
        ("the backend counted less than was delivered", account["arrived"] < account["sent"]), ("the queue did not drain", account["queued"]),
        ("growing memory", is_long and rise_in_ten_minutes(floor) > max_rise_mib),
        ("disk space that is not given back", disk_bytes > MAX_DISK_BYTES and not is_reference)) if is_there]
