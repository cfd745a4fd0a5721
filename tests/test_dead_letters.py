"""`vigia admin dead-letters`: what exporters could not deliver, looked at, sent again and removed.

The letters are written here by their documented format (docs/formats/dead_letters.md), as another program would.
Guarantee: list and show tell what is in them, resend and purge deal with those that were named and no others, damage is told and harms no
other letter, and nothing that came from elsewhere speaks to the terminal.
"""

import ctypes
import ctypes.util
import json
import time

import pytest

from telemetry import full_request, many_spans
from vigia_process import run_vigia


def xxh3(content):
    library = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
    library.XXH3_64bits.restype = ctypes.c_uint64
    library.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return library.XXH3_64bits(content, len(content))


class Storage:
    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.count = 0

    def write(self, request, *, pipeline="traces", exporter="otlp", signal="traces", items=1, age_s=0, **head):
        """A letter in its place; gives its path."""
        self.count += 1
        body = request.SerializeToString()
        time_ms = int((time.time() - age_s) * 1000)
        line = json.dumps({"vigia_dead_letter": 1, "pipeline": pipeline, "exporter": exporter, "signal": signal, "customer": "", "reason": "refused",
                           "time_ms": time_ms, "items": items, "peer_address": "10.0.0.1:5", "metadata": [], **head, "body_bytes": len(body)},
                          separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        folder = self.directory / "dead-letters" / pipeline.replace("/", "%2F") / exporter.replace("/", "%2F")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time_ms}-{self.count}.dead"
        path.write_bytes(line + body + xxh3(line + body).to_bytes(8, "little"))
        return path

    def run(self, *words):
        return run_vigia("admin", "dead-letters", *words, "--storage", self.directory)

    def good(self, *words):
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def names(self):
        return [json.loads(line)["name"] for line in self.good("list", "--json").splitlines()]


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path / "queue")


def test_the_table_shows_the_oldest_first(storage):
    young = storage.write(many_spans(3), pipeline="traces/x", exporter="otlp/edge", items=3, age_s=5, customer="Ñandú", reason="no\x1b[31m such\ntenant")
    old = storage.write(full_request("logs"), pipeline="logs", signal="logs", items=2, age_s=7200)
    lines = storage.good("list").splitlines()
    assert lines[0].split() == ["NAME", "AGE", "PIPELINE", "EXPORTER", "CUSTOMER", "ITEMS", "SIZE", "REASON"]
    assert lines[1].split()[:6] == [old.name, "2h0m0s", "logs", "otlp", "-", "2"]
    assert lines[2].split()[0] == young.name and lines[2].split()[2:6] == ["traces/x", "otlp/edge", "Ñandú", "3"]
    assert lines[2].endswith("no [31m such tenant"), "no terminal is spoken to"
    assert len({line.index(word) for line, word in zip(lines, ("PIPELINE", "logs ", "traces/x"))}) == 1, "columns stand below each other"


def test_list_for_programs(storage):
    path = storage.write(many_spans(3), items=3, customer="a", reason="because \"so\"")
    (line,) = storage.good("list", "--json").splitlines()
    letter = json.loads(line)
    assert letter.pop("time_ms") == int(path.name.split("-")[0])
    assert letter == {"name": path.name, "path": f"traces/otlp/{path.name}", "pipeline": "traces", "exporter": "otlp", "signal": "traces",
                      "customer": "a", "items": 3, "bytes": path.stat().st_size, "reason": "because \"so\""}


def test_nothing_there(storage):
    assert storage.good("list") == "There are no dead letters.\n"
    assert storage.good("list", "--json") == ""
    done = storage.run("show", "1-1.dead")
    assert done.returncode == 1
    assert "there is no dead letter 1-1.dead" in done.stderr and "dead-letters list" in done.stderr
    assert json.loads(storage.good("purge", "--all", "--json")) == {"purged": 0}


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_show_gives_head_and_body(storage, signal):
    path = storage.write(full_request(signal), pipeline=signal, signal=signal, items=2, customer="a",
                         metadata=[["x-tenant", "7"], ["authorization", "Bearer s3cret"]])
    text = storage.good("show", path.name)
    for words in (f"name:      {signal}/otlp/{path.name}", "customer:  a", "peer:      10.0.0.1:5", "metadata:  x-tenant: 7", "reason:    refused"):
        assert words in text.splitlines(), text
    assert "s3cret" not in text and "metadata:  authorization: [REDACTED]" in text
    letter = json.loads(storage.good("show", path.name, "--json"))
    assert letter["metadata"] == [["x-tenant", "7"], ["authorization", "[REDACTED]"]]
    assert letter["body"] == json.loads(text.splitlines()[-1])
    assert {"traces": "resourceSpans", "metrics": "resourceMetrics", "logs": "resourceLogs"}[signal] in letter["body"]


def test_resend_gives_the_named_ones_back(storage):
    first, second = storage.write(many_spans(2), items=2, age_s=9), storage.write(many_spans(1))
    content = first.read_bytes()
    assert storage.good("resend", first.name).startswith("1 dead letter (2 items, ")
    assert (first.parent / "resend" / first.name).read_bytes() == content
    assert storage.names() == [second.name]
    assert json.loads(storage.good("resend", "--all", "--json")) == {"resent": 1}
    assert storage.names() == []


def test_purge_says_how_many_and_removes_them(storage):
    paths = [storage.write(many_spans(1), age_s=age) for age in (30, 20, 10)]
    done = storage.run("purge")
    assert done.returncode == 1 and "the names of dead letters, or --all" in done.stderr
    assert storage.run("purge", "--all", paths[0].name).returncode == 1
    assert storage.names() == [path.name for path in paths]
    assert storage.good("purge", paths[1].name, paths[1].name).startswith("Removing 1 dead letter (1 item, ")
    assert storage.names() == [paths[0].name, paths[2].name]
    assert storage.good("purge", "--all").startswith("Removing 2 dead letters (2 items, ")
    assert not any(path.exists() for path in paths)


def test_damage_is_told_and_keeps_to_itself(storage):
    broken, short, whole = (storage.write(many_spans(1), age_s=age) for age in (30, 20, 10))
    content = bytearray(broken.read_bytes())
    content[-20] ^= 1
    broken.write_bytes(content)
    short.write_bytes(short.read_bytes()[:-1])
    assert "damaged: it has" in storage.good("list")
    done = storage.run("resend", "--all")
    assert done.returncode == 1
    assert f"{broken.name}: its check does not fit its content" in done.stderr and short.name in done.stderr
    assert (whole.parent / "resend" / whole.name).exists() and broken.exists() and short.exists()
    assert storage.run("show", broken.name).returncode == 1
    storage.good("purge", "--all")
    assert storage.names() == []


def test_one_name_in_two_places(storage):
    path = storage.write(many_spans(1))
    twin = path.parent.parent / "otlphttp" / path.name
    twin.parent.mkdir()
    twin.write_bytes(path.read_bytes())
    done = storage.run("purge", path.name)
    assert done.returncode == 1
    assert f"say traces/otlp/{path.name} or traces/otlphttp/{path.name}" in done.stderr
    storage.good("purge", f"traces/otlphttp/{path.name}")
    assert path.exists() and not twin.exists()


def test_nothing_else_in_the_directory_is_touched(storage):
    path = storage.write(many_spans(1))
    others = [path.parent / name for name in ("notes.txt", "1-1.dead.new", "x.dead")]
    for other in others:
        other.write_text("mine")
    storage.good("purge", "--all")
    assert all(other.read_text() == "mine" for other in others)
    for name in ("../../../config.yaml", "notes.txt"):
        assert storage.run("purge", name).returncode == 1


def test_the_configuration_says_where(storage, tmp_path):
    path = storage.write(many_spans(1))
    config = tmp_path / "config.yaml"
    config.write_text(f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:0'}}}}}}}}
exporters: {{nop: }}
extensions:
  file_storage: {{directory: {storage.directory}}}
  file_storage/unused: {{directory: /nowhere}}
service: {{extensions: [file_storage], pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}
""")
    done = run_vigia("admin", "dead-letters", "list", "--json", f"--config={config}")
    assert (done.returncode, json.loads(done.stdout)["name"]) == (0, path.name), done.stderr
    done = run_vigia("admin", "dead-letters", "list", f"--config={config}", "--set", "service.extensions=[]")
    assert done.returncode == 1 and "uses no file_storage extension" in done.stderr
    done = run_vigia("admin", "dead-letters", "list", f"--config={config}", "--set", "exporters.nope=1")
    assert done.returncode == 1 and "nope" in done.stderr


@pytest.mark.parametrize("words, expected", [
    ((), "say what to look after: dead-letters"),
    (("dead-leters",), 'Did you mean "dead-letters"?'),
    (("dead-letters",), "list, show, resend or purge"),
    (("dead-letters", "lsit"), 'Did you mean "list"?'),
    (("dead-letters", "list", "x"), "unexpected argument: x"),
    (("dead-letters", "show"), "the names of dead letters, or --all"),
    (("dead-letters", "list", "--storage", "/nowhere"), "there is no storage /nowhere; --storage or --config says where it is"),
    (("dead-letters", "list", "--storage", "/", "--config", "x"), "do not go together"),
    (("dead-letters", "list", "--set", "a=b"), "--set needs a --config"),
])
def test_slips_are_told(words, expected):
    done = run_vigia("admin", *words)
    assert done.returncode == 1
    assert expected in done.stderr


def test_the_help_teaches():
    page = run_vigia("admin", "dead-letters", "list", "--help")
    assert page.returncode == 0 and page.stdout == run_vigia("help", "admin").stdout
    for words in ("resend", "purge", "--storage", "--json", "Examples:"):
        assert words in page.stdout
    assert all(len(line) <= 80 for line in page.stdout.splitlines())
