"""Log files become log records, each line of them, through rotation, outages of the backend and kills of the program.

With DURABLE_SYSTEM=otelcol they run on the reference Collector, too. What users complain of there (the four tests marked `complaint`) it fails.
"""

import gzip
import os
import shutil
import threading
from collections import Counter

import pytest

from durable import SYSTEM, durable_exporter
from otlp_sinks import leaves
from rotating_writer import RotatingWriter
from waiting import wait_until

# A million is for a release build, and takes half a minute then.
LINES = int(os.environ.get("FILELOG_LINES", "200000"))


def complaint(name):
    """A loss or a duplication that users report of the Collector, and that it still has."""
    return pytest.mark.xfail(SYSTEM == "otelcol", reason=f"the Collector: {name}", strict=True, raises=AssertionError)


class Logs:
    """A directory of logs, and a program that reads it."""

    def __init__(self, folder, durable, backend):
        self.folder = folder / "logs"
        self.folder.mkdir()
        self.durable = durable
        self.backend = backend
        self.process = None

    def config(self, pattern="app.log*", **settings):
        receiver = {"include": [str(self.folder / pattern)], "start_at": "beginning", "storage": "file_storage", "poll_interval": "50ms",
                    "retry_on_failure": {"enabled": True, "initial_interval": "50ms", "max_interval": "200ms", "max_elapsed_time": "0s"},
                    **settings}
        return {
            "receivers": {"filelog": receiver},
            "exporters": {"otlp": durable_exporter(self.backend.endpoint)},
            "extensions": {"file_storage": {"directory": str(self.durable.directory), "create_directory": True}},
            "service": {"extensions": ["file_storage"], "pipelines": {"logs": {"receivers": ["filelog"], "exporters": ["otlp"]}}},
        }

    def start(self, *arguments, **settings):
        self.process = self.durable.start(self.config(*arguments, **settings))
        return self.process

    def write(self, name, lines):
        with open(self.folder / name, "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def arrived(self):
        return Counter(leaf.body.string_value for message in self.backend.messages("logs") for _, _, leaf in leaves(message))

    def wait_for(self, lines, deadline_s=20):
        """All of them, and what else came. Their numbers decide, so that a long wait costs little."""
        wanted = set(lines)
        wait_until(lambda: self.backend.item_count("logs") >= len(wanted) and wanted <= set(self.arrived()),
                   f"{len(wanted)} lines have arrived", deadline_s)
        return self.arrived()

    def quiet(self):
        """A line more, seen: what came before it and was to come has come."""
        self.write("app.log", ["the last one"])
        return self.wait_for(["the last one"])


@pytest.fixture
def logs(tmp_path, durable, backend):
    backend.come()
    return Logs(tmp_path, durable, backend)


def numbered(first, last, text="line"):
    return [f"{text} {number} {'x' * (1 + number % 100)}" for number in range(first, last)]


def test_lines_and_their_file(logs):
    logs.start(include_file_path=True)
    logs.write("app.log", ["one", "two"])
    logs.wait_for(["one", "two"])
    leaf = next(leaf for message in logs.backend.messages("logs") for _, _, leaf in leaves(message))
    attributes = {item.key: item.value.string_value for item in leaf.attributes}
    assert attributes == {"log.file.name": "app.log", "log.file.path": str(logs.folder / "app.log")}
    assert leaf.observed_time_unix_nano > 0
    assert leaf.time_unix_nano == 0


def test_operators_work_on_them(logs):
    logs.start(operators=[{"type": "json_parser", "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%dT%H:%M:%S.%LZ"},
                           "severity": {"parse_from": "attributes.level"}}])
    logs.write("app.log", ['{"time":"2024-01-31T10:00:00.123Z","level":"error","message":"it broke","count":3}'])
    wait_until(lambda: logs.backend.item_count("logs") == 1, "the record has arrived")
    leaf = next(leaf for message in logs.backend.messages("logs") for _, _, leaf in leaves(message))
    assert leaf.time_unix_nano == 1706695200123000000
    assert leaf.severity_number == 17
    assert {item.key for item in leaf.attributes} >= {"message", "count"}


def test_attributes_and_resource_may_have_expressions(logs):
    logs.start(attributes={"plain": "x", "first": 'EXPR(split(body, " ")[0]) and EXPR(upper(body))', "open": "EXPR(body"},
               resource={"kind": 'EXPR(body startsWith "a" ? "A" : "other")', "plain": "y"})
    logs.write("app.log", ["a line", "line b"])
    logs.wait_for(["a line", "line b"])
    found = {leaf.body.string_value: ({item.key: item.value.string_value for item in leaf.attributes if item.key != "log.file.name"},
                                      {item.key: item.value.string_value for item in group.resource.attributes})
             for message in logs.backend.messages("logs") for group, _, leaf in leaves(message)}
    assert found == {"a line": ({"plain": "x", "first": "a and A LINE", "open": "EXPR(body"}, {"kind": "A", "plain": "y"}),
                     "line b": ({"plain": "x", "first": "line and LINE B", "open": "EXPR(body"}, {"kind": "other", "plain": "y"})}


def test_operators_know_the_programs_environment(vigia, http_sink, tmp_path):
    """`env()` in expressions, and TZ for times that do not say where they are."""
    (tmp_path / "app.log").write_text("2024-01-31 10:00:00 hello\n")
    receiver = {"include": [str(tmp_path / "app.log")], "start_at": "beginning", "operators": [
        {"type": "regex_parser", "regex": "^(?P<time>.{19})", "timestamp": {"parse_from": "attributes.time", "layout": "%Y-%m-%d %H:%M:%S"}},
        {"type": "add", "field": "attributes.node", "value": 'EXPR(env("NODE_NAME"))'},
        {"type": "add", "field": "attributes.missing", "value": 'EXPR(env("NOT_THERE") == "")'}]}
    process = vigia({"receivers": {"filelog": receiver}, "exporters": {"otlphttp": {"endpoint": http_sink.url}},
                     "service": {"pipelines": {"logs": {"receivers": ["filelog"], "exporters": ["otlphttp"]}}}},
                    environment={"NODE_NAME": "node-7", "TZ": "Europe/Madrid"})
    [message] = http_sink.wait_for("logs", 1)
    [(_, _, leaf)] = leaves(message)
    attributes = {item.key: item.value for item in leaf.attributes}
    assert attributes["node"].string_value == "node-7"
    assert attributes["missing"].bool_value
    assert leaf.time_unix_nano == 1706691600 * 10**9, "an hour before the same time in UTC"
    process.stop()


@complaint("files with the same beginning are taken for one (contrib #19765)")
def test_files_that_begin_alike_are_all_read(logs):
    banner = numbered(0, 100, "the same banner")
    for name in ("a", "b", "c"):
        logs.write(f"{name}-service.log", banner)
    logs.start("*.log")
    for name in ("a", "b", "c"):
        logs.write(f"{name}-service.log", numbered(0, 50, name))
    arrived = logs.wait_for([line for name in ("a", "b", "c") for line in numbered(0, 50, name)])
    assert all(arrived[line] == 3 for line in banner)


@complaint("a log that is copied and cut and begins as before is read from the middle, or not at all (contrib #43693)")
def test_a_log_that_is_copied_and_cut_goes_on(logs):
    """It begins with the same banner each time, and has grown beyond where it was before anybody looks."""
    banner = numbered(0, 100, "the same banner")
    logs.write("app.log", [*banner, *numbered(0, 20)])
    logs.start()
    logs.wait_for(numbered(0, 20))
    for turn in range(3):
        shutil.copy(logs.folder / "app.log", logs.folder / f"app.log.{turn}")
        os.truncate(logs.folder / "app.log", 0)
        new = numbered(0, 20 * (turn + 2), f"after {turn}")
        logs.write("app.log", [*banner, *new])
        logs.wait_for(new)
    arrived = logs.quiet()
    assert all(count == (4 if line in banner else 1) for line, count in arrived.items()), "neither the copies nor anything else is read twice"


@complaint("what was read is read again once it is compressed (contrib #40523)")
def test_a_log_that_is_compressed_is_not_read_again(logs):
    """As logrotate's delaycompress does: what was rotated rests under a name that nobody reads, and is compressed some time later."""
    logs.start("app.log", include=[str(logs.folder / "app.log"), str(logs.folder / "app.log.*.gz")], compression="auto")
    logs.write("app.log", numbered(0, 2000))
    logs.wait_for(numbered(0, 2000))
    os.rename(logs.folder / "app.log", logs.folder / "app.log.1")
    for turn in range(10):
        # Each of these is seen by a poll of its own.
        logs.write("app.log", [f"a new one {turn}"])
        logs.wait_for([f"a new one {turn}"])
    with gzip.open(logs.folder / "app.log.2.tmp", "wb") as packed:
        packed.write((logs.folder / "app.log.1").read_bytes())
    os.rename(logs.folder / "app.log.2.tmp", logs.folder / "app.log.2.gz")
    os.remove(logs.folder / "app.log.1")
    with gzip.open(logs.folder / "app.log.3.gz", "wb") as packed:
        packed.write(b"one that nobody has read\n")
    logs.wait_for(["one that nobody has read"])
    arrived = logs.quiet()
    assert max(arrived.values()) == 1


def numbers(arrived):
    return {int(body.split(" ", 1)[0]) for body in arrived}


@complaint("lines are missing when files are rotated quickly (contrib #35137)")
def test_quick_rotation_loses_nothing(logs):
    """Only the newest name matches: what was rotated away is to be read to its end all the same."""
    logs.start("app.log")
    writer = RotatingWriter(logs.folder, 600_000, per_file=50_000, kept=100)
    writer.start()
    writer.join()
    wait_until(lambda: logs.backend.item_count("logs") >= 600_000, "all lines have arrived", 60)
    arrived = logs.arrived()
    assert numbers(arrived) == set(range(600_000))


@pytest.mark.parametrize("copies", [False, True], ids=["renamed", "copied"])
def test_very_many_lines_with_rotation_and_kills(logs, record_property, copies):
    """The program is killed again and again while the log is written and rotated. Each line arrives; what comes twice is what was read between the
    last time that positions were kept and the kill."""
    writer = RotatingWriter(logs.folder, LINES, per_file=LINES // 25, kept=100, copies=copies, pause_s=0.01)
    logs.start()
    writer.start()
    lives = 1
    while writer.is_alive() or lives < 4:
        goal = writer.written + LINES // 10
        wait_until(lambda goal=goal: writer.written >= goal or not writer.is_alive(), "some have been written", 60)
        logs.process.kill()
        logs.start()
        lives += 1
    wait_until(lambda: logs.backend.item_count("logs") >= LINES, "as many as were written have arrived", 240)
    wait_until(lambda: len(numbers(logs.arrived())) >= LINES, "each line has arrived", 240)
    arrived = logs.arrived()
    assert numbers(arrived) == set(range(LINES))
    duplicates = sum(arrived.values()) - len(arrived)
    record_property("lives", lives)
    record_property("duplicates", duplicates)
    print(f"{LINES} lines, {lives} lives, {duplicates} duplicates")
    # Positions are kept every 100 ms where the disk is quick; whoever kept none would read half of everything again after each kill.
    assert duplicates < LINES * (lives - 1) / 2


def test_an_outage_stops_reading_and_drops_nothing(logs):
    """Without a queue of its own the exporter refuses: the file is the buffer."""
    logs.backend.leave()
    config = logs.config()
    config["exporters"]["otlp"]["sending_queue"] = {"enabled": False}
    config["exporters"]["otlp"]["retry_on_failure"] = {"enabled": False}
    process = logs.durable.start(config)
    logs.write("app.log", numbered(0, 20_000))
    if not logs.durable.is_reference:
        wait_until(lambda: process.metrics().get("vigia_filelog_retried_requests", 0) > 0, "a request was offered again")
        assert process.metrics()["vigia_filelog_read_bytes"] < (logs.folder / "app.log").stat().st_size, "reading stopped"
    logs.backend.come()
    arrived = logs.wait_for(numbered(0, 20_000), 60)
    assert sum(arrived.values()) == 20_000


def test_a_restart_goes_on_where_it_was(logs):
    logs.start()
    logs.write("app.log", numbered(0, 500))
    logs.wait_for(numbered(0, 500))
    logs.process.stop()
    logs.write("app.log", numbered(500, 600))
    os.rename(logs.folder / "app.log", logs.folder / "app.log.1")
    logs.write("app.log", numbered(600, 700))
    logs.start()
    arrived = logs.wait_for(numbered(0, 700))
    assert max(arrived.values()) == 1


@pytest.mark.skipif(SYSTEM == "otelcol", reason="it keeps no positions over a reload without a storage")
def test_a_reload_goes_on_where_it_was(logs):
    config = logs.config(start_at="end")
    del config["receivers"]["filelog"]["storage"]
    process = logs.durable.start(config)
    # What is there when it looks first is left out; so a line that comes later shows that it has looked.
    wait_until(lambda: logs.write("app.log", ["seen?"]) or logs.backend.item_count("logs") > 0, "it has looked")
    config["receivers"]["filelog"]["include_file_path"] = True
    logs.write("app.log", numbered(0, 10))
    process.reload(config)
    logs.write("app.log", numbered(10, 20))
    arrived = logs.wait_for(numbered(0, 20))
    assert all(arrived[line] == 1 for line in numbered(0, 20))


@pytest.mark.skipif(SYSTEM == "otelcol", reason="its polling is what it is")
def test_an_idle_reader_costs_nothing(logs):
    for number in range(200):
        logs.write(f"app.log.{number}", numbered(0, 5, f"file {number}"))
    process = logs.start(poll_interval="200ms")
    wait_until(lambda: logs.backend.item_count("logs") == 1000, "all is read")
    before = cpu_ticks(process.pid)
    pause = threading.Event()
    pause.wait(3)
    # Of 300 ticks. The program's other threads and the sanitizers have their share.
    assert cpu_ticks(process.pid) - before < 15


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
