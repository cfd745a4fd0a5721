"""How every benchmark of systems begins and ends."""

import sys
import tempfile

from . import report, runs
from .processes import Failure
from .systems import Vigia, all_systems, vigia_binary


def measured(arguments, measure_all, folder=None):
    """The cases that measure_all(arguments, systems, bench) gives, on a bench whose files lie in `folder`."""
    systems = all_systems(arguments.systems)
    vigia = next((system for system in systems if system.name == "vigia"), None) or Vigia(vigia_binary())
    with tempfile.TemporaryDirectory(prefix="vigia-bench-", dir=folder) as own_folder:
        with runs.Bench(vigia, arguments.cores, arguments.seconds, own_folder) as bench:
            return measure_all(arguments, systems, bench)


def write(bench, cases, settings):
    """Writes the results, and says with what the program ends: 1 when a run failed."""
    command = " ".join([f"./dev bench {bench}", *sys.argv[1:]])
    path = report.write_results(bench, cases, {"settings": {**settings, "command": command}})
    print(f"\nwritten to {path}")
    return 1 if any(result.get("failed_runs") for case in cases for result in case["results"]) else 0


def run(main):
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"bench: {failure}")
