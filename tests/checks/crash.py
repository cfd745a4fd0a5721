#!/usr/bin/env python3
"""A program under load is killed at any moment, again and again, and loses nothing that it answered with OK.

    ./dev check crash [ROUNDS] [--rounds 200] [--seed N] [--system vigia|otelcol] [--folder DIR] [--compression none]

OTLP/gRPC in, file_storage, OTLP/gRPC out. Each round starts it on the same directory and kills it with SIGKILL 0 to 1500 ms after it was
ready, some rounds while it still starts. The backend goes away and comes back at random meanwhile; it stands in this process, so what it
acknowledged is known for certain. Every span has a number. In the end all is let drain, and compared:

- lost: answered with OK and never arrived. There must be none.
- duplicates: what arrived twice must have been on its way when a life ended or when the backend left; the number of each kill is told.
  What had arrived LATE_S before the kill and is sent again all the same has been forgotten to be forgotten: that fails, too.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import durable  # noqa: E402
from crash_books import Books  # noqa: E402
from crash_load import Load  # noqa: E402
from returning_backend import ReturningBackend  # noqa: E402
from waiting import wait_until  # noqa: E402

LATE_S = 3.0
MAX_LIFE_S = 1.5
UNREADY_SHARE = 0.1  # of the rounds end before the program says that it is ready
DRAIN_DEADLINE_S = 300
LIVES_KEPT = 5  # their logs, for whoever has to find out
SILENCE_S = 30  # so long without any arrival, and the rest will not come


def pause(seconds):
    threading.Event().wait(seconds)


class FickleBackend(threading.Thread):
    """Makes the backend come and go until it is told to stay."""

    def __init__(self, backend, books, chance):
        super().__init__(daemon=True)
        self._backend, self._books, self._chance = backend, books, chance
        self._is_over = threading.Event()

    def run(self):
        while True:
            self._backend.come()
            if self._is_over.wait(self._chance.uniform(0.2, 4)):
                return
            self._backend.leave()
            self._books.backend_left()
            if self._is_over.wait(self._chance.uniform(0.1, 2)):
                self._backend.come()
                return

    def stay(self):
        self._is_over.set()
        self.join()


def live_and_die(system, config, load, books, chance):
    """One round: a start, a kill. Returns how long the start took, or None when it was not given the time."""
    begin = time.monotonic()
    process = system.start(config, is_ready=False)
    if chance.random() < UNREADY_SHARE:
        pause(chance.uniform(0, 0.1))
        ready_s = None
    else:
        process.wait_ready(60)
        ready_s = time.monotonic() - begin
        load.aim(process.address("otlp_grpc"))
        pause(chance.uniform(0, MAX_LIFE_S))
    assert process.is_alive(), f"it ended with {process.process.returncode} by itself:\n{process.log()[-4000:]}"
    process.kill()
    books.killed()
    return ready_s


def queue_size(process):
    return durable.metric(process, "otelcol_exporter_queue_size", exporter="otlp", data_type="traces")


def drain(system, config, books):
    """The last life: all that was acknowledged arrives, or nothing does for a while. Then a clean end."""
    process = system.start(config)
    begin = last_change = time.monotonic()
    arrived = -1
    while books.missing_count() > 0 and time.monotonic() < begin + DRAIN_DEADLINE_S:
        if books.arrived_requests() != arrived:
            arrived, last_change = books.arrived_requests(), time.monotonic()
        if time.monotonic() > last_change + SILENCE_S:
            break
        pause(0.1)
    # Copies of what has arrived may still be on their way.
    wait_until(lambda: queue_size(process) == 0, "the queue is empty", 60)
    process.stop()


def run(arguments, folder):
    chance = random.Random(arguments.seed)
    books = Books()
    system = durable.DurableSystem(folder)
    starts = []
    with ReturningBackend() as backend:
        backend.record = books.record
        config = system.config({"otlp": durable.durable_exporter(backend.endpoint, queue_size=10_000_000)})
        config["exporters"]["otlp"]["compression"] = arguments.compression
        fickle = FickleBackend(backend, books, random.Random(arguments.seed + 1))
        fickle.start()
        try:
            with Load(books) as load:
                for number in range(1, arguments.rounds + 1):
                    starts.append(live_and_die(system, config, load, books, chance))
                    system.forget_lives_but(LIVES_KEPT)
                    if number % 10 == 0:
                        tell(f"{number:4} kills: {books.progress()}, {system.disk_bytes() / 1e6:,.1f} MB on disk")
            fickle.stay()
            drain(system, config, books)
        finally:
            system.stop_all()
        damaged = [path.name for path in system.directory.rglob("*.damaged")]
        return books, [one for one in starts if one is not None], system.disk_bytes(), damaged


def tell(text):
    print(text, file=sys.stderr, flush=True)


def report(arguments, books, starts, disk_bytes, damaged):
    lost, unexplained = books.lost(), books.unexplained_duplicates(LATE_S)
    per_kill = books.duplicates_per_kill()
    print(f"{arguments.rounds} kills, seed {arguments.seed}, {arguments.system}: {books.progress()}")
    if starts:
        print(f"ready after {sorted(starts)[len(starts) // 2]:.2f} s (median), {max(starts):.2f} s at most; {disk_bytes / 1e6:.1f} MB on disk in the end")
    print(f"lost: {len(lost):,} spans" + (f", such as {lost[:5]}" if lost else ""))
    of_kills = f", at most {max(per_kill.values()):,} for one: {histogram(per_kill)}" if per_kill else ""
    print(f"arrived twice: {sum(per_kill.values()):,} spans for {len(per_kill)} of the kills{of_kills}; "
          f"{books.duplicates_of_outages():,} because the backend left")
    print(f"arrived twice without a reason: {len(unexplained):,} spans" + (f", such as {unexplained[:5]}" if unexplained else ""))
    problems = [what for what, is_there in (("loss", lost), ("duplicates that were not on their way", unexplained),
                                            (f"damaged files, which a kill does not make: {damaged[:5]}", damaged)) if is_there]
    print("FAILED: " + ", ".join(problems) if problems else "passed")
    return 1 if problems else 0


def histogram(per_kill):
    """How many kills had how many duplicates, by powers of two."""
    counts = Counter(max(count - 1, 0).bit_length() for count in per_kill.values())
    return ", ".join(f"{counts[bits]} had up to {1 << bits:,}" for bits in sorted(counts))


def main():
    parser = argparse.ArgumentParser(prog="./dev check crash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds_by_place", nargs="?", type=int, metavar="ROUNDS")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--system", choices=("vigia", "otelcol"), default=durable.SYSTEM)
    parser.add_argument("--compression", default="none")
    parser.add_argument("--folder", help="on which disk: a new folder is made in it (the system's folder for temporary files)")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds_by_place or arguments.rounds
    durable.DurableSystem.is_reference = arguments.system == "otelcol"
    tell(f"seed {arguments.seed}")
    folder = tempfile.mkdtemp(prefix="vigia-crash-", dir=arguments.folder)
    code = report(arguments, *run(arguments, folder))
    if code == 0:
        shutil.rmtree(folder)
    else:
        tell(f"the directory is kept: {folder}")
    return code


if __name__ == "__main__":
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # connections that break are what this is about
    sys.exit(main())
