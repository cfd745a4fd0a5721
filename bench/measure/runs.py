"""One run of one system through one case. Every run checks that what was accepted has arrived, and fails when not."""

import json
import tempfile

from .load import BackgroundLoad, arrived_items, run_load
from .processes import Failure, pause, wait_until
from .systems import Ports

# Beyond this share of its core the load generator and the sink may be what limits.
BUSY_CORE = 0.93


class Bench:
    """What all runs share: the cores, the sink that counts, the program that generates load."""

    def __init__(self, vigia, cores, seconds, folder):
        self.vigia = vigia
        self.system_core, self.load_core = cores
        self.seconds = seconds
        self.folder = folder
        self.sink_ports = Ports.free()
        self.sink = vigia.start_sink(self.sink_ports, self.load_core, folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sink.stop()

    def load(self, case, port, seconds, rate, in_flight=None, seed=1):
        return run_load(*self._target(case, port), rate=rate, seconds=seconds, in_flight=in_flight, seed=seed, **self._form(case))

    def load_items(self, case, port, items):
        """As fast as it goes, until so many items are sent."""
        return run_load(*self._target(case, port), rate=None, seconds=1800, in_flight=8, items=items, **self._form(case))

    def background_load(self, case, port, rate):
        return BackgroundLoad(*self._target(case, port), rate=rate, **self._form(case))

    def _target(self, case, port):
        return self.vigia.binary, self.load_core, case.signal, case.protocol, port

    @staticmethod
    def _form(case):
        return {"batch": case.batch, "connections": case.connections, "compression": case.compression}

    def arrived(self, case):
        return arrived_items(self.sink_ports.metrics, case.signal)

    def folder_for(self, system, case):
        return tempfile.mkdtemp(prefix=f"{case.name}-{system.name}-", dir=self.folder)

    def start(self, system, case, sink_ports=None, folder=None):
        ports = Ports.free()
        folder = folder or self.folder_for(system, case)
        return system.start(case.forwarding, ports, sink_ports or self.sink_ports, self.system_core, folder), ports


def wait_for_items(bench, case, expected, deadline_s=20):
    try:
        wait_until(lambda: bench.arrived(case) >= expected, "everything that was accepted has arrived", deadline_s)
    except Failure as failure:
        raise Failure(f"{failure} ({expected - bench.arrived(case):,} items are missing)") from None


def expect_accepted(summary):
    if summary["accepted"] != summary["sent"]:
        raise Failure(f"not everything was accepted: {json.dumps(summary)}")


def measure_at_rate(bench, system, case):
    """CPU for an item at the case's rate, latency, memory."""
    process, ports = bench.start(system, case)
    with process:
        pause(0.5)
        idle_mib, _ = process.memory_mib()
        before = bench.arrived(case)
        warm_up = bench.load(case, ports.of(case.protocol), min(1.0, bench.seconds / 2), case.rate, seed=2)
        wait_for_items(bench, case, before + warm_up["accepted"])

        before = bench.arrived(case)
        cpu_before_ns, sink_before_ns = process.cpu_ns(), bench.sink.cpu_ns()
        summary = bench.load(case, ports.of(case.protocol), bench.seconds, case.rate)
        expect_accepted(summary)
        wait_for_items(bench, case, before + summary["sent"])
        cpu_ns = process.cpu_ns() - cpu_before_ns
        arrived = bench.arrived(case) - before
        if arrived != summary["sent"]:
            raise Failure(f"{summary['sent']:,} items were sent and {arrived:,} arrived")
        return {
            "cpu_ns_per_item": cpu_ns / arrived,
            "items_per_second": summary["sent"] / summary["seconds"],
            "rss_mib_idle": idle_mib,
            "rss_mib_peak": process.memory_mib()[1],
            "bytes_per_item": summary["sent_bytes"] / summary["sent"],
            "p50_ms": summary["latency_ms"]["p50"],
            "p99_ms": summary["latency_ms"]["p99"],
            "unsent_share": summary["unsent"] / (summary["sent"] + summary["unsent"]),
            "load_core_busy": ((bench.sink.cpu_ns() - sink_before_ns) / 1e9 + summary["cpu_seconds"]) / summary["seconds"],
            "data_set": summary["data_set"],
        }


def offer(bench, case, process, port, rate, seconds):
    """Offers a rate (None: as much as goes) and says how much arrived in a second."""
    before = bench.arrived(case)
    process.forget_peak()
    cpu_before_ns, sink_before_ns = process.cpu_ns(), bench.sink.cpu_ns()
    # More in flight than a polite client has: what gives first shall be the system.
    summary = bench.load(case, port, seconds, rate, in_flight=8 if case.protocol == "grpc" else None)
    cpu_s = (process.cpu_ns() - cpu_before_ns) / 1e9
    busy = ((bench.sink.cpu_ns() - sink_before_ns) / 1e9 + summary["cpu_seconds"]) / summary["seconds"]
    in_time = bench.arrived(case) - before
    is_sent = summary["accepted"] == summary["sent"] and summary["unsent"] <= 0.02 * summary["sent"]
    return {
        "arrived_per_second": in_time / summary["seconds"],
        "is_whole": is_sent and arrive_within(bench, case, before + summary["sent"], 0.1 * seconds),
        "expected": before + summary["accepted"],
        "p50_ms": summary["latency_ms"]["p50"],
        "p99_ms": summary["latency_ms"]["p99"],
        "cpu_ns_per_item": cpu_s * 1e9 / max(in_time, 1),
        "rss_mib_peak": process.memory_mib()[1],
        "load_core_busy": busy,
    }


def arrive_within(bench, case, expected, seconds):
    """Whether what is on its way arrives so soon that it cannot be a queue that grows."""
    try:
        wait_until(lambda: bench.arrived(case) >= expected, "", seconds)
        return True
    except Failure:
        return False


def measure_ceiling(bench, system, case, is_quick):
    """The highest rate that arrives whole: full speed gives an estimate, a ramp from below the answer.

    In the short form the estimate is the answer: what arrived in a second of all that could be sent.
    """
    best = with_fresh(bench, system, case, lambda process, port: offer(bench, case, process, port, None, bench.seconds))
    if not is_quick:
        half = best["arrived_per_second"] / 2
        best = with_fresh(bench, system, case, lambda process, port: climb(bench, case, process, port, half))
    figures = ("cpu_ns_per_item", "p50_ms", "p99_ms", "rss_mib_peak", "load_core_busy")
    return {"items_per_second": best["arrived_per_second"], **{figure: best[figure] for figure in figures}}


def with_fresh(bench, system, case, measure):
    """A result of a program that was just started and has had some load; waits for what is still on its way."""
    process, ports = bench.start(system, case)
    with process:
        port = ports.of(case.protocol)
        warm_up = offer(bench, case, process, port, case.rate, 0.5)
        wait_for_items(bench, case, warm_up["expected"])
        result = measure(process, port)
        wait_for_items(bench, case, result["expected"], deadline_s=60)
        return result


def climb(bench, case, process, port, rate):
    """A ramp from this rate, in large steps until a rate does not arrive whole twice, then in small ones from the last that did."""
    best, step = None, None
    for factor in (1.3, 1.08):
        refusals = 0
        while refusals < 2:
            step = offer(bench, case, process, port, rate, min(bench.seconds, 3))
            wait_for_items(bench, case, step["expected"], deadline_s=60)
            if step["is_whole"]:
                best, refusals = {**step, "rate": rate}, 0
                rate *= factor
            else:
                refusals += 1
        if best is None:
            raise Failure(f"not even {rate:,.0f} items a second arrived whole")
        rate = best["rate"] * 1.08
    return {**best, "expected": step["expected"]}


def measure_stalled(bench, system, case):
    """Memory when the backend stops reading: what was offered is refused, not hoarded."""
    backend_ports = Ports.free()
    with bench.vigia.start_sink(backend_ports, bench.load_core, bench.folder, name=f"stalled-{system.name}") as backend:
        process, ports = bench.start(system, case, backend_ports)
        with process:
            pause(0.5)
            idle_mib, _ = process.memory_mib()
            bench.load(case, ports.of(case.protocol), 0.5, case.rate)
            backend.suspend()
            summary = bench.load(case, ports.of(case.protocol), bench.seconds * 2, case.rate)
            if process.process.poll() is not None:
                raise Failure(f"{system.name} ended: {process.log_tail()}")
            peak_mib = process.memory_mib()[1]
            backend.resume()
            return {"rss_mib_idle": idle_mib, "rss_mib_peak": peak_mib, "accepted_share": summary["accepted"] / max(summary["sent"], 1)}
