"""A backend that is away until gigabytes wait for it, an end without warning, a start, and the way back to normal."""

import re
import shutil
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .disk import disk_bytes
from .load import arrived_items
from .processes import Failure, pause, wait_until
from .runs import measure_ceiling, offer, wait_for_items
from .systems import Ports, storage_folder

FIGURES = ("max_live_per_second", "fill_per_second", "backlog_bytes", "backlog_items", "ready_s", "rss_mib_peak", "anonymous_mib_peak",
           "drain_seconds", "live_per_second", "drained_per_second", "delivered_per_second", "delivered_share", "disk_share_full",
           "disk_share_after", "duplicates", "bytes_per_item")
# One span as JSON: the request of somebody who wants to know whether new data is taken.
PROBE = (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0123456789abcdef0123456789abcdef",'
         b'"spanId":"0123456789abcdef","name":"probe"}]}]}]}')
PROBE_ITEMS = 1
SAMPLE_S = 0.2


def takes_data(port):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/traces", PROBE, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def anonymous_mib(process):
    """Resident memory that is not the kernel's cache of a mapped file."""
    text = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", text).group(1)) / 1024


@dataclass
class Backlog:
    items: int
    bytes: int  # of the requests as they were sent
    fill_per_second: float


def fill(bench, case, process, port, wanted_bytes):
    """Sends as fast as it goes, again and again when some of it is refused, until so many bytes are accepted."""
    items, size, sending_s = 0, 0, 0.0
    bytes_per_item = 400.0
    while size < wanted_bytes:
        summary = bench.load_items(case, port, max(case.batch, int((wanted_bytes - size) / bytes_per_item)))
        if process.process.poll() is not None:
            raise Failure(f"{process.name} ended while the backlog grew: {process.log_tail()}")
        if not summary["accepted"]:
            raise Failure(f"takes no more after {size / 1e6:,.0f} MB of backlog: {process.log_tail(500)}")
        bytes_per_item = summary["sent_bytes"] / summary["sent"]
        items, size, sending_s = items + summary["accepted"], size + summary["accepted"] * bytes_per_item, sending_s + summary["seconds"]
    return Backlog(items, round(size), items / sending_s)


def drain(bench, case, process, ports, sink_ports, backlog, rate):
    """The backend is back and live traffic goes on, until what waits is no more than half a second of it."""
    waiting = backlog.items + PROBE_ITEMS
    begin, anonymous = time.monotonic(), 0.0
    deadline = begin + max(120, 10 * backlog.items / rate)
    with bench.background_load(case, ports.of(case.protocol), rate) as load:
        while True:
            arrived, now = arrived_items(sink_ports.metrics, case.signal), time.monotonic()
            # The restarted program has counted what it took itself; the probe is in both numbers.
            accepted = arrived_items(ports.metrics, case.signal)
            anonymous = max(anonymous, anonymous_mib(process))
            if arrived >= waiting - PROBE_ITEMS + accepted - rate / 2:
                break
            if now > deadline:
                raise Failure(f"not drained within {now - begin:.0f} s: {arrived:,} of {waiting + accepted:,} arrived")
            pause(SAMPLE_S)
        live = load.stop()
    expected = waiting + live["accepted"]
    wait_until(lambda: arrived_items(sink_ports.metrics, case.signal) >= expected, f"all {expected:,} items have arrived", 60)
    seconds = now - begin
    return {
        "drain_seconds": seconds,
        "live_per_second": live["accepted"] / live["seconds"],
        "drained_per_second": backlog.items / seconds,
        "delivered_per_second": arrived / seconds,
        "anonymous_mib_peak": anonymous,
        "duplicates": arrived_items(sink_ports.metrics, case.signal) - expected,
    }


def settled_disk_bytes(folder, enough, deadline_s=10):
    """What the directory takes once that is little, or after some time."""
    try:
        wait_until(lambda: disk_bytes(folder) < enough, "", deadline_s)
    except Failure:
        pass  # the figure tells
    return disk_bytes(folder)


def highest_rate(bench, system, case, is_quick):
    """Items a second from door to backend: at full speed, and in the long form also what a ramp finds, whichever is more."""
    fastest = full_speed(bench, system, case)
    return fastest if is_quick else max(fastest, measure_ceiling(bench, system, case, is_quick)["items_per_second"])


def full_speed(bench, system, case):
    """What is taken faster than it is sent on counts with the time it waits."""
    process, ports = bench.start(system, case)
    with process:
        port = ports.of(case.protocol)
        warm_up = offer(bench, case, process, port, case.rate, 0.5)
        wait_for_items(bench, case, warm_up["expected"])
        before, begin = bench.arrived(case), time.monotonic()
        accepted = bench.load(case, port, bench.seconds, None, in_flight=8)["accepted"]
        wait_for_items(bench, case, before + accepted, deadline_s=120)
        return accepted / (time.monotonic() - begin)


def measure_restart(bench, system, case, folder, backend_ports, backlog, live_rate):
    begin = time.monotonic()
    process, ports = bench.start(system, case, backend_ports, folder)
    with process:
        wait_until(lambda: takes_data(ports.http), f"{system.name} takes new data", 120, interval_s=0.005)
        ready_s = time.monotonic() - begin
        with bench.vigia.start_sink(backend_ports, bench.load_core, folder, name="backend"):
            result = drain(bench, case, process, ports, backend_ports, backlog, live_rate)
            result |= {"ready_s": ready_s, "rss_mib_peak": process.memory_mib()[1]}
            result["disk_share_after"] = settled_disk_bytes(storage_folder(folder), backlog.bytes / 100) / backlog.bytes
    return result


def measure_backlog(bench, system, case, wanted_bytes, is_quick):
    max_live = highest_rate(bench, system, case, is_quick)
    backend_ports, folder = Ports.free(), bench.folder_for(system, case)
    try:
        process, ports = bench.start(system, case, backend_ports, folder)
        with process:
            backlog = fill(bench, case, process, ports.of(case.protocol), wanted_bytes)
            process.process.kill()
            process.process.wait()
        full = disk_bytes(storage_folder(folder)) / backlog.bytes
        result = measure_restart(bench, system, case, folder, backend_ports, backlog, max_live / 2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result | {
        "max_live_per_second": max_live, "fill_per_second": backlog.fill_per_second, "backlog_bytes": backlog.bytes,
        "backlog_items": backlog.items, "bytes_per_item": backlog.bytes / backlog.items, "disk_share_full": full,
        "delivered_share": result["delivered_per_second"] / max_live,
    }
