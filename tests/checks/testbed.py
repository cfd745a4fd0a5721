#!/usr/bin/env python3
"""The Collector's contrib testbed with vigia as the agent: its own tests, built from the published Go module.

Guarantee: at 10,000 items a second everything arrives within the testbed's limits of CPU and memory; the processors do what their
tests expect; the golden data set arrives field by field as it was sent; errors of the backend reach the sender as what they are.

    ./dev check testbed [pattern of `go test -run`…]

TESTBED_SECONDS is how long a rate is held, 15 unless set; TESTBED_AGENT=<program> runs another agent, such as the reference
Collector, through the same. Needs Go.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from services.peers import installed
from vigia_process import binary

# The tests of OTLP and of what is built on it. Those of other protocols, and of components that are not in this build, come with
# them; TestTraceNoBackend10kSPS wants the agent to take a least amount of memory.
PLAN = {
    "tests": "^TestTrace10kSPS$/OTLP|^TestLog10kDPS$/OTLP|^TestMetric10kDPS$/OTLP|TestTrace1kSPSWithAttrs|^TestTraceAttributesProcessor$"
             "|TestMetricResourceProcessor|TestIdleMode|TestLogOtlpSendingQueue|TestMemoryLimiterHit/otlp",
    "correctnesstests/traces": "TestTracingGoldenData/otlp-otlp_grpc|TestSporadicGoldenDataset",
    "correctnesstests/metrics": "TestHarness_MetricsGoldenData/otlp-otlp_grpc",
}
VERDICT = re.compile(r"^ *--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+)s\)")


def run(package, pattern, testbed, environment):
    """Runs the tests of one package, says each verdict as it comes, and returns them: [(verdict, test)]."""
    folder = testbed / package
    program = folder / f"{Path(package).name}.test"
    command = [program, "-test.v", "-test.timeout=30m", f"-test.run={pattern}"]
    verdicts, log = [], []
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as process:
        for line in process.stdout:
            log.append(line)
            if found := VERDICT.match(line):
                verdicts.append(found.groups()[:2])
                print(f"{found[1]:<5} {package}: {found[2]} ({found[3]} s)", flush=True)
    if process.returncode != 0 or not verdicts:
        print("".join(log[-200:]))
        if not any(verdict == "FAIL" for verdict, _ in verdicts):
            verdicts.append(("FAIL", "the program of the tests"))
    return leaves(verdicts)


def leaves(verdicts):
    """Without the tests that only hold others, unless they failed of themselves."""
    names = [name for _, name in verdicts]
    return [(verdict, name) for verdict, name in verdicts if not any(other.startswith(f"{name}/") for other in names)]


def print_table(testbed):
    """The testbed's own table of what the agent took."""
    table = testbed / "tests" / "results" / "TESTRESULTS.md"
    if table.exists():
        print("\n" + "\n".join(line for line in table.read_text().splitlines() if "|" in line))


def main():
    patterns = sys.argv[1:]
    testbed = Path(installed("testbed"))
    environment = os.environ | {"RUN_TESTBED": "1", "TESTCASE_DURATION": f"{os.environ.get('TESTBED_SECONDS', '15')}s",
                                "TESTBED_AGENT": os.environ.get("TESTBED_AGENT") or binary()}
    verdicts = []
    for package, pattern in PLAN.items():
        if patterns and package != "tests":
            continue
        verdicts += run(package, "|".join(patterns) or pattern, testbed, environment)
    print_table(testbed)
    passed = sum(verdict == "PASS" for verdict, _ in verdicts)
    failed = sum(verdict == "FAIL" for verdict, _ in verdicts)
    print(f"\n{passed} passed, {failed} failed, {len(verdicts) - passed - failed} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
