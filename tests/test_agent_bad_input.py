"""What a node's agent is given by broken programs: pages, log files and clocks that are nothing as they should be.

Guarantee: the agent lives within its memory; whatever else it reads is read as before, and applications are served; what is wrong is said in the log
or in `up`; what can be read arrives. The parsers' own cases are in the unit tests, single targets in test_prometheus_receiver.py.
"""

import os
import threading
import time
from collections import Counter

import pytest
import requests
import yaml

from durable import numbered_spans
from exposition_target import ExpositionTarget
from node_input import EndlessTarget, LogFolder, Scraped, text_attributes
from waiting import wait_until

# Memory that was given back must not be kept by the sanitizer, or the figure says nothing.
SANITIZER = "detect_leaks=1:exitcode=99:quarantine_size_mb=1"
# Root reads everything; what may not be read has to be refused to this agent, too.
WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@pytest.fixture
def start(vigia, grpc_sink, tmp_path):
    def start_agent(overlay=None, **environment):
        words = ["--otlp-grpc-port", "0", "--otlp-http-port", "0", "--health-port", "0"]
        if overlay:
            (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(overlay))
            words += ["--config", tmp_path / "overlay.yaml"]
        return vigia.role("agent", *words, launcher=WITHOUT_PRIVILEGES, environment={
            "CUSTOMER_ID": "acme", "NODE_ID": "web-1", "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{grpc_sink.endpoint}", "METRICS_INTERVAL": "2s",
            "BUFFER_FLUSH_INTERVAL": "50ms", "VIGIA_DATA_DIR": str(tmp_path / "data"), "REGISTRATION_ENABLED": "false", "ASAN_OPTIONS": SANITIZER,
            **environment})
    return start_agent


# --- Pages ---


class Application(threading.Thread):
    """Sends spans to the agent all the while; nobody may refuse them, or let it wait."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self._url = f"http://{process.address('otlp_http')}/v1/traces"
        self._is_over = threading.Event()
        self.answers = []

    def run(self):
        while not self._is_over.wait(0.01):
            request = numbered_spans(len(self.answers), 1).SerializeToString()
            answer = requests.post(self._url, request, headers={"Content-Type": "application/x-protobuf"}, timeout=5)
            self.answers.append(answer.status_code)

    def finish(self):
        self._is_over.set()
        self.join(10)
        assert len(self.answers) > 50 and set(self.answers) == {200}, Counter(self.answers)


def test_hostile_pages(start, grpc_sink):
    kibibyte = b"# nothing" + b" " * 1014 + b"\n"
    targets = {
        "fine": ExpositionTarget("fine 1\n"),
        "gigabyte": EndlessTarget(kibibyte * 1024),
        "a byte a second": EndlessTarget(b"#", pause_s=1),
        "broken": ExpositionTarget("fine 1\nbroken{ 2\n"),
        "many values": ExpositionTarget("".join(f'many{{value="{number}"}} {number}\n' for number in range(100_000))),
        "many labels": ExpositionTarget("wide{" + ",".join(f'label{number}="x"' for number in range(100_000)) + "} 5\nnarrow 6\n"),
    }
    process = start(METRICS_SCRAPE=",".join(target.address for target in targets.values()))
    application = Application(process)
    application.start()
    memory, scraped = [], Scraped(grpc_sink)

    def is_scraped(least):
        memory.append(process.rss_mib())
        return all(len(scraped.values(target, "up")) >= least for target in targets.values())

    wait_until(lambda: is_scraped(2), "each page is scraped twice", 30)
    up = {name: set(scraped.values(target, "up")) for name, target in targets.items()}
    assert up == {"fine": {1}, "gigabyte": {0}, "a byte a second": {0}, "broken": {0}, "many values": {1}, "many labels": {1}}
    assert set(scraped.values(targets["fine"], "fine")) == {1}
    assert scraped.values(targets["broken"], "fine") == [], "a page counts whole or not at all"
    assert scraped.values(targets["many values"], "scrape_samples_scraped")[0] == 100_000
    wait_until(lambda: {99_999.0, 0.0} <= set(scraped.values(targets["many values"], "many")), "the last of many values has arrived")
    assert scraped.values(targets["many labels"], "wide")[0] == 5 and scraped.values(targets["many labels"], "narrow")[0] == 6
    for name, said in (("gigabyte", "larger than the body_size_limit of 16777216 bytes"), ("a byte a second", "no answer from"), ("broken", "line 2: expected the name of a label")):
        assert any(targets[name].address in line and said in line for line in process.log().splitlines()), name
    application.finish()
    # What was on its way when the agent had enough, and what the kernel holds.
    assert targets["gigabyte"].sent and max(targets["gigabyte"].sent) < 48 << 20
    assert max(memory) < 256, "MiB, the sanitizer's own included"
    for target in targets.values():
        target.close()


# --- Log files ---


@pytest.fixture
def logs(grpc_sink, tmp_path):
    return LogFolder(tmp_path, grpc_sink)


def begin(logs, start, process_settings=None, **environment):
    """An agent that has looked: what comes from now on is read whole."""
    logs.write("steady.log", "")
    process = start(process_settings, LOGS_INCLUDE=logs.patterns(), **environment)
    wait_until(lambda: logs.write("begin.log", "begin\n") or logs.lines("begin.log"), "it has looked")
    return process


def test_log_files_that_vanish_and_become_something_else(logs, start):
    process = begin(logs, start)
    with logs:
        logs.write("app.log", "one\n")
        logs.wait_for("app.log", ["one"])
        logs.write("app.log", "two\n")
        (logs.path / "app.log").unlink()
        logs.wait_for("app.log", ["one", "two"])
        expected = ["one", "two"]
        for number, become in enumerate((os.mkdir, os.mkfifo, lambda path: os.symlink(path, path), lambda path: os.symlink("nowhere", path))):
            become(logs.path / "app.log")
            logs.write("beside.log", f"{number}\n")
            logs.wait_for("beside.log", [str(one) for one in range(number + 1)])
            if (logs.path / "app.log").is_dir():
                (logs.path / "app.log").rmdir()
            else:
                (logs.path / "app.log").unlink()
            logs.write("app.log", f"again {number}\n")
            expected.append(f"again {number}")
            logs.wait_for("app.log", expected)
            (logs.path / "app.log").unlink()
        logs.check_steady()
    assert f'"path":"{logs.path}/app.log"' in process.log() and "Too many levels of symbolic links" in process.log()


def test_log_files_and_directories_that_may_not_be_read(logs, start):
    (logs.path / "below").mkdir()
    process = begin(logs, start)
    with logs:
        logs.write("app.log", "one\n")
        logs.wait_for("app.log", ["one"])
        (logs.path / "app.log").chmod(0)
        with open(os.open(logs.path / "hidden.log", os.O_CREAT | os.O_WRONLY, 0), "wb", buffering=0) as hidden:
            hidden.write(b"from the beginning\n")
        process.wait_for_log(f'"path":"{logs.path}/hidden.log", "error":"PERMISSION_DENIED')
        logs.write("below/app.log", "one\n")
        logs.wait_for("below/app.log", ["one"])
        with open(logs.path / "below" / "app.log", "ab", buffering=0) as known, open(logs.path / "below" / "new.log", "ab", buffering=0) as new:
            (logs.path / "below").chmod(0)
            known.write(b"two\n")
            new.write(b"unseen\n")
            # What is open goes on being read.
            logs.wait_for("below/app.log", ["one", "two"])
            process.wait_for_log(f'"path":"{logs.path}/below/", "error":"PERMISSION_DENIED')
            assert logs.lines("below/new.log") == [] and logs.lines("hidden.log") == []
            (logs.path / "below").chmod(0o700)
            known.write(b"three\n")
        logs.wait_for("below/app.log", ["one", "two", "three"])
        logs.wait_for("below/new.log", ["unseen"])
        for name in ("hidden.log", "app.log"):
            (logs.path / name).chmod(0o600)
        logs.write("app.log", "two\n")
        logs.wait_for("hidden.log", ["from the beginning"])
        logs.wait_for("app.log", ["one", "two"])
        logs.check_steady()


def test_garbage_and_endless_lines(logs, start):
    process = begin(logs, start)
    with logs:
        logs.write("garbage.log", b"\0\0\0\n\xff\xfe\x80 text\n" + bytes(range(256)) + b"\nafter it\n")
        wait_until(lambda: len(logs.lines("garbage.log")) == 5, "no line is lost")
        pieces = set(logs.lines("garbage.log"))
        assert {"\0\0\0", "\ufffd\ufffd\ufffd text", "after it"} <= pieces
        assert sum(piece.count("\ufffd") for piece in pieces) == 3 + 128, "what is no text is replaced"
        long = "".join(f"{number:07}," for number in range(1_400_000))  # 11 MB; each piece will begin with a number
        logs.write("long.log", f"{long}\nafter it\n")
        wait_until(lambda: len(logs.lines("long.log")) == 12, "the line behind the long one arrives, and all of that")
        # Requests may overtake one another.
        pieces = sorted(set(logs.lines("long.log")) - {"after it"})
        assert "".join(pieces) == long and len(pieces) == 11 and max(map(len, pieces)) == 1 << 20
        # What a writer that does not append leaves behind when its log is cut under it: a hole of zeros.
        with open(logs.path / "hole.log", "wb", buffering=0) as file:
            file.write(b"before\n" * 10_000)
            wait_until(lambda: len(logs.lines("hole.log")) == 10_000, "all is read")
            os.truncate(logs.path / "hole.log", 0)
            file.write(b"first behind it\nsecond\n")
            wait_until(lambda: len(logs.lines("hole.log")) == 10_002, "what stands behind the hole arrives")
        assert sorted(line.lstrip("\0") for line in set(logs.lines("hole.log"))) == ["before", "first behind it", "second"]
        logs.check_steady()
    figures = process.get("http", "/metrics")[1]
    value = lambda name: sum(float(line.rsplit(" ", 1)[1]) for line in figures.splitlines() if line.startswith(f"{name}{{"))  # noqa: E731
    assert value("vigia_filelog_repaired_entries") == 2 and value("vigia_filelog_cut_entries") >= 10


# --- Clocks ---


def test_pages_and_lines_with_wrong_times(logs, start, grpc_sink):
    with ExpositionTarget("past 1 -5\nfuture 2 99999999999999\nfurthest 3 9223372036854775807\nnever 4 0\nyear_2200 5 7258118400000\nfine 6\n") as target:
        parsed = [{"type": "json_parser", "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%d %H:%M:%S %z"}}]
        process = begin(logs, start, {"receivers": {"filelog": {"operators": parsed}}}, METRICS_SCRAPE=target.address)
        written = ["1970-01-01 00:00:01 +0200", "1600-01-01 00:00:00 +0000", "9999-12-31 23:59:59 +0000", "0000-00-00 00:00:00 +0000",
                   "2200-01-01 00:00:00 +0000", "2024-02-30 00:00:00 +0000", "yesterday", "2024-02-29 12:00:00 +0000"]
        logs.write("app.log", "".join(f'{{"time": "{one}"}}\n' for one in written))
        wait_until(lambda: len(logs.records("app.log")) == len(written), "every line arrives, whatever its time")
        told = {text_attributes(record)["time"]: record.time_unix_nano for record in logs.records("app.log")}
        assert told == {**dict.fromkeys(written, 0), "2200-01-01 00:00:00 +0000": 7258118400 * 10**9, "2024-02-29 12:00:00 +0000": 1709208000 * 10**9}
        assert all(abs(record.observed_time_unix_nano - time.time_ns()) < 60e9 for record in logs.records("app.log"))
        scraped = Scraped(grpc_sink)
        wait_until(lambda: scraped.values(target, "fine"), "the page is scraped")
        assert {name for _, name, _ in scraped.points(target) if not name.startswith("scrape_")} == {"up", "year_2200", "fine"}
        assert scraped.values(target, "up")[0] == 1 and min(at for at, _, _ in scraped.points(target)) > time.time_ns() - 60e9
        assert 'reason="unusable"' in process.get("http", "/metrics")[1]

