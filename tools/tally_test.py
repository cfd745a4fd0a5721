"""The summary of ./dev test must not be able to hide a failure.

Reports are written by hand as googletest, pytest and ctest write them; the tally must count each test once and must notice programs
that died without a report, leaks found after a clean report, and failed checks.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TALLY = Path(__file__).resolve().parent / "tally.py"
CLEAN = '<testsuites><testsuite><testcase name="a" status="run" classname="S"/></testsuite></testsuites>'
MIXED = ('<testsuites><testsuite><testcase name="a" status="run"/><testcase name="b" status="run"><failure message="no"/></testcase>'
         '<testcase name="c" status="run"><skipped/></testcase><testcase name="DISABLED_d" status="notrun"/></testsuite></testsuites>')


def ctest(name, status):
    body = '<failure message=""/>' if status == "fail" else ""
    return f'<testsuite><testcase name="{name}" status="{status}">{body}</testcase></testsuite>'


class Tally(unittest.TestCase):
    def tally(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / path).write_text(text)
            done = subprocess.run([sys.executable, TALLY, folder], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.splitlines()[-1]

    def test_tests_and_checks_are_added_up(self):
        files = {"dev.ctest.xml": ctest("base", "run"), "dev/base_test.xml": CLEAN, "whole_program.xml": CLEAN, "checks": "passed tidy\n"}
        self.assertEqual((0, "3 passed, 0 failed, 0 skipped"), self.tally(files))

    def test_a_failed_test_counts_once_though_its_program_failed_too(self):
        files = {"dev.ctest.xml": ctest("base", "fail"), "dev/base_test.xml": MIXED}
        self.assertEqual((1, "1 passed, 1 failed, 2 skipped"), self.tally(files))

    def test_a_leak_after_a_clean_report_is_a_failure(self):
        files = {"dev.ctest.xml": ctest("base", "fail"), "dev/base_test.xml": CLEAN}
        self.assertEqual((1, "1 passed, 1 failed, 0 skipped"), self.tally(files))

    def test_a_program_that_died_without_a_report_is_a_failure(self):
        self.assertEqual((1, "0 passed, 1 failed, 0 skipped"), self.tally({"dev.ctest.xml": ctest("base", "fail")}))

    def test_a_failed_check_is_a_failure(self):
        self.assertEqual((1, "1 passed, 1 failed, 0 skipped"), self.tally({"checks": "passed tidy\nfailed build\n"}))

    def test_nothing_at_all_is_a_failure(self):
        self.assertEqual((1, "0 passed, 0 failed, 0 skipped"), self.tally({"checks": ""}))


if __name__ == "__main__":
    unittest.main()
