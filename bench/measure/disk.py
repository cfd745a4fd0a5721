"""What files take on a disk, and what it costs to write them."""

import os
import resource
import tempfile
import threading
import time
from pathlib import Path

FILE_BYTES = 16_000_000


def disk_bytes(folder):
    """Of all files in it, at any depth."""
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # deleted meanwhile: it takes nothing
    return total


def raw_write_ns(folder, core, size, per_second, count):
    """CPU, in ns, of one write and sync over a file that is there, at a rate; nothing else is done."""
    body = os.urandom(FILE_BYTES)
    pace = threading.Event()
    before_cores = os.sched_getaffinity(0)
    with tempfile.TemporaryFile(dir=folder) as file:
        os.sched_setaffinity(0, {core})
        try:
            os.pwrite(file.fileno(), body, 0)
            os.fsync(file.fileno())
            begin, begin_cpu = time.monotonic(), cpu_seconds()
            for number in range(count):
                offset = number * size % (FILE_BYTES - size)
                os.pwrite(file.fileno(), memoryview(body)[offset:offset + size], offset)
                os.fdatasync(file.fileno())
                pace.wait(max(0, begin + (number + 1) / per_second - time.monotonic()))
            return (cpu_seconds() - begin_cpu) / count * 1e9
        finally:
            os.sched_setaffinity(0, before_cores)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
