"""Child processes that are pinned to a core, and what /proc and the clocks say about them."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path


class Failure(Exception):
    """A run that cannot be counted, with the reason."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pause(seconds):
    threading.Event().wait(seconds)


def wait_until(condition, what, deadline_s=15.0, interval_s=0.02):
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"not within {deadline_s:g} s: {what}")
        pause(interval_s)
    return value


def accepts_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def _process_clock(pid):
    # The kernel's number of the clock that counts the CPU time of all threads of another process, ended ones included, in
    # nanoseconds; what clock_getcpuclockid(3) computes.
    return (~pid << 3) | 2


class Pinned:
    """A program on one core, with its output in a file. Ends, by its pid, when the block ends."""

    def __init__(self, name, command, core, folder, environment=None):
        self.name = name
        self.log_file = Path(folder) / f"{name}.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env={**os.environ, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_for_ports(self, ports, deadline_s=20):
        def is_ready():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}")
            return all(accepts_connections(port) for port in ports)

        wait_until(is_ready, f"{self.name} listens on {ports}", deadline_s)

    def log_tail(self, size=2000):
        return self.log_file.read_text(errors="replace")[-size:]

    def cpu_ns(self):
        """User and system time of the process so far."""
        return time.clock_gettime_ns(_process_clock(self.process.pid))

    def memory_mib(self):
        """(now, highest so far): resident memory."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(int(re.search(rf"{name}:\s+(\d+) kB", text).group(1)) / 1024 for name in ("VmRSS", "VmHWM"))

    def forget_peak(self):
        """The highest memory is what it is now, from here on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, deadline_s=10):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        self.resume()
        try:
            self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
