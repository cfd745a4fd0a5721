#!/usr/bin/env python3
"""Adds up what ./dev test ran and prints one line: `N passed, N failed, N skipped`.

    tools/tally.py <folder>

The folder holds JUnit reports of googletest (<preset>/<layer>_test.xml), of pytest (*.xml) and of ctest (<preset>.ctest.xml), and a
file `checks` with lines such as `passed tidy`. A test program that ctest saw fail although its own report is clean or missing
(a crash, a leak found at exit, a timeout) counts as one failure.
"""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tally:
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.skipped += other.skipped
        self.failures += other.failures


def tally_report(path):
    tally = Tally()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{path.parent.name}/{path.stem}: {case.get('classname', '')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failures.append(name)
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


def tally_programs(ctest_report, clean_programs):
    """Failures of whole test programs that no single test accounts for."""
    tally = Tally()
    for case in ElementTree.parse(ctest_report).getroot().iter("testcase"):
        program = f"{case.get('name')}_test"
        has_failed = case.find("failure") is not None or case.get("status") in ("fail", "notrun", "disabled")
        if has_failed and clean_programs.get(program, True):
            tally.failures.append(f"{ctest_report.name.split('.')[0]}/{program}: the program itself failed (crash, leak or timeout)")
    return tally


def tally_checks(path):
    tally = Tally()
    for line in path.read_text().splitlines() if path.exists() else ():
        outcome, _, name = line.partition(" ")
        if outcome == "passed":
            tally.passed += 1
        else:
            tally.failures.append(name)
    return tally


def tally_folder(folder):
    total = tally_checks(folder / "checks")
    for ctest_report in sorted(folder.glob("*.ctest.xml")):
        clean = {}
        for report in sorted((folder / ctest_report.name.split(".")[0]).glob("*.xml")):
            tally = tally_report(report)
            clean[report.stem] = not tally.failures
            total.add(tally)
        total.add(tally_programs(ctest_report, clean))
    for report in sorted(folder.glob("*.xml")):
        if not report.name.endswith(".ctest.xml"):
            total.add(tally_report(report))
    return total


def main():
    total = tally_folder(Path(sys.argv[1]))
    for failure in total.failures:
        print(f"FAILED {failure}")
    print(f"{total.passed} passed, {len(total.failures)} failed, {total.skipped} skipped")
    return 1 if total.failures or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
