"""Configurations that cannot work, each with the answer it must get.

Guarantee: the program ends with 1 before it listens anywhere and says where the mistake is (file, line, column, key path), what was expected,
and the nearest valid name; all mistakes of a file are told at once. Nothing hangs and nothing crashes.
"""

import socket

import pytest

from vigia_process import run_vigia

GOOD = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:0
processors:
  batch:
    timeout: 1s
exporters:
  nop:
connectors:
  forward/a:
  forward/b:
service:
  telemetry:
    metrics:
      address: 127.0.0.1:0
  pipelines:
    traces:
      receivers: [otlp]
      processors: [batch]
      exporters: [nop]
"""

# name, text to replace in GOOD, replacement, what the errors must say (config.yaml: stands for the file).
MISTAKES = [
    ("unknown component", "  nop:\n", "  nopp:\n", ['config.yaml:10:3: exporters::nopp: unknown exporter type "nopp"; did you mean "nop"?']),
    ("unknown key", "timeout: 1s", "timeoute: 1s", ["config.yaml:8:5: processors::batch::timeoute: unknown key", '"timeout"']),
    ("unknown key at the top", "connectors:", "resources:\n  limits: 1\nconnectors:", ["config.yaml:11:1: resources: unknown key"]),
    ("bad duration", "timeout: 1s", "timeout: soon", ["config.yaml:8:14: processors::batch::timeout:"]),
    ("bad number", "timeout: 1s", "send_batch_size: many", ["config.yaml:8:22: processors::batch::send_batch_size:"]),
    ("undefined reference", "exporters: [nop]", "exporters: [nop, debug]", ["service::pipelines::traces::exporters[1]:", '"debug" is not defined']),
    ("pipeline without exporters", "      exporters: [nop]\n", "", ["service::pipelines::traces:", "the pipeline has no exporters"]),
    ("pipeline without receivers", "      receivers: [otlp]\n", "", ["service::pipelines::traces:", "the pipeline has no receivers"]),
    ("no pipelines", GOOD[GOOD.index("  pipelines:"):], "", ["service"]),
    ("not YAML", "exporters:\n", "exporters: [\n", ["config.yaml:"]),
    ("a list where a map belongs", "  batch:\n    timeout: 1s", "  - batch", ["config.yaml:7:3: processors:"]),
    ("anchor bomb", "connectors:", "a: &a [x, x]\nb: &b [*a, *a]\nconnectors:", ["config.yaml:11:1: a: unknown key", "b: unknown key"]),
    ("two mistakes at once", "timeout: 1s", "timeout: soon\n    send_batch_size: -1", ["processors::batch::timeout", "processors::batch::send_batch_size"]),
    ("cycle", GOOD[GOOD.index("    traces:"):], (
        "    traces/1: {receivers: [otlp, forward/b], exporters: [forward/a]}\n"
        "    traces/2: {receivers: [forward/a], exporters: [forward/b, nop]}\n"), ["the pipelines form a cycle", "traces/1", "traces/2"]),
]


def errors_of(tmp_path, text, *arguments, environment=None):
    (tmp_path / "config.yaml").write_text(text)
    done = run_vigia("validate", f"--config={tmp_path / 'config.yaml'}", *arguments, environment=environment)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_the_good_one_is_good(tmp_path):
    (tmp_path / "config.yaml").write_text(GOOD.replace("  forward/a:\n  forward/b:\n", ""))
    done = run_vigia("validate", f"--config={tmp_path / 'config.yaml'}")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("replaced, replacement, expected", [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_mistakes(tmp_path, replaced, replacement, expected):
    assert replaced in GOOD
    errors = errors_of(tmp_path, GOOD.replace(replaced, replacement, 1))
    for words in expected:
        assert words in errors, errors


def test_a_bad_set_names_the_command_line(tmp_path):
    errors = errors_of(tmp_path, GOOD, "--set", "processors.batch.timeout=soon")
    assert "--set" in errors and "processors::batch::timeout" in errors


def test_a_variable_that_calls_itself(tmp_path):
    errors = errors_of(tmp_path, GOOD.replace("1s", "${env:LOOP}"), environment={"LOOP": "${env:LOOP}"})
    assert "config.yaml:8:14: processors::batch::timeout:" in errors


def test_a_missing_file(tmp_path):
    done = run_vigia("validate", f"--config={tmp_path / 'none.yaml'}")
    assert done.returncode == 1
    assert "none.yaml" in done.stderr and "No such file" in done.stderr


def test_secrets_of_a_bad_file_stay_secret(tmp_path):
    text = GOOD.replace("  nop:\n", "  otlphttp:\n    endpoint: http://127.0.0.1:1\n    headers: {authorization: [s3cret]}\n    bogus: 1\n")
    assert "s3cret" not in errors_of(tmp_path, text)


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "config.yaml").write_text(GOOD.replace("endpoint: 127.0.0.1:0", f"endpoint: {address}"))
        done = run_vigia(f"--config={tmp_path / 'config.yaml'}")
    assert done.returncode == 1
    assert address in done.stderr and "in use" in done.stderr.lower()


def test_an_exporter_that_sends_to_its_own_receiver(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    text = GOOD.replace("127.0.0.1:0\nprocessors", f"{address}\nprocessors").replace("  nop:\n", f"  otlp:\n    endpoint: {address}\n")
    (tmp_path / "config.yaml").write_text(text.replace("[nop]", "[otlp]"))
    done = run_vigia(f"--config={tmp_path / 'config.yaml'}", deadline_s=10)
    assert done.returncode == 1
    assert address in done.stderr
