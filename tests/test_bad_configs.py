"""Configurations that cannot work, each with the answer it must get.

Guarantee: the program ends with 1 before it listens anywhere and says where the mistake is (file, line, column, key path), what was expected,
and the nearest valid name; all mistakes of a file are told at once. Nothing hangs and nothing crashes.
"""

import re
import socket
import subprocess

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


# What used to be found only at the start: parts to lay over GOOD, what the errors must say.
OTLP_EXPORTER = "exporters: {{otlp: {{endpoint: 'h:1', {}}}}}\nservice: {{pipelines: {{traces: {{exporters: [otlp]}}}}}}\n"
LATE_MISTAKES = [
    ("patterns of attributes", "processors:\n  attributes:\n    actions: [{key: a, action: delete}]\n    include:\n      match_type: regexp\n"
     "      span_names: ['a(']\n      attributes:\n        - {key: k, value: 'b['}\nservice: {pipelines: {traces: {processors: [attributes]}}}\n",
     ["more.yaml:6:7: processors::attributes::include::span_names:", "more.yaml:8:27: processors::attributes::include::attributes[0]::value:"]),
    ("pattern of an action", "processors:\n  attributes:\n    actions:\n      - {key: a, action: extract, pattern: '('}\n"
     "service: {pipelines: {traces: {processors: [attributes]}}}\n", ["more.yaml:4:", "processors::attributes::actions[0]:"]),
    ("pattern of a filter", "processors:\n  filter:\n    spans:\n      exclude: {match_type: regexp, span_names: ['x(']}\n"
     "service: {pipelines: {traces: {processors: [filter]}}}\n", ["more.yaml:4:", "processors::filter::spans::exclude::span_names:"]),
    ("unknown authenticator", OTLP_EXPORTER.format("auth: {authenticator: basicauht}") + "extensions: {basicauth: {client_auth: {username: u}}}\n",
     ["more.yaml:1:", "exporters::otlp::auth::authenticator:", '"basicauht" is not defined; did you mean "basicauth"?']),
    ("authenticator that is not started", OTLP_EXPORTER.format("auth: {authenticator: basicauth}") +
     "extensions: {basicauth: {client_auth: {username: u}}}\n", ["exporters::otlp::auth::authenticator:", "is not listed under service::extensions"]),
    ("authenticator of another trade", OTLP_EXPORTER.format("auth: {authenticator: pprof}") +
     "extensions: {pprof: {endpoint: '127.0.0.1:0'}}\nservice::extensions: [pprof]\n", ["exporters::otlp::auth::authenticator:", "cannot be a client's authenticator"]),
    ("unknown storage", OTLP_EXPORTER.format("sending_queue: {storage: file_storaeg}") + "extensions: {file_storage: {directory: /tmp}}\n",
     ["more.yaml:1:", "exporters::otlp::sending_queue::storage:", '"file_storaeg" is not defined; did you mean "file_storage"?']),
    ("storage that is not started", OTLP_EXPORTER.format("sending_queue: {storage: file_storage}") + "extensions: {file_storage: {directory: /tmp}}\n",
     ["exporters::otlp::sending_queue::storage:", "is not listed under service::extensions"]),
    ("storage of another trade", OTLP_EXPORTER.format("sending_queue: {storage: pprof}") +
     "extensions: {pprof: {endpoint: '127.0.0.1:0'}}\nservice::extensions: [pprof]\n", ["exporters::otlp::sending_queue::storage:", '"pprof" cannot be a storage']),
    ("storage that is not there", "extensions: {file_storage: {directory: /nowhere/at/all}}\nservice::extensions: [file_storage]\n",
     ["more.yaml:1:", "extensions::file_storage::directory:", "/nowhere/at/all", "create it or set create_directory: true"]),
    ("cipher suite", OTLP_EXPORTER.format("tls: {cipher_suites: [TLS_MADE_UP]}"), ["exporters::otlp::tls::cipher_suites:", "TLS_MADE_UP"]),
    ("TLS version", OTLP_EXPORTER.format("tls: {min_version: '1.4'}"), ["exporters::otlp::tls::min_version:", "1.4"]),
    ("missing authority", OTLP_EXPORTER.format("tls: {ca_file: /nowhere/ca.pem}"), ["more.yaml:1:", "exporters::otlp::tls::ca_file:", "/nowhere/ca.pem"]),
    ("missing certificate", "receivers: {otlp: {protocols: {grpc: {tls: {cert_file: /nowhere/c.pem, key_file: /nowhere/k.pem}}}}}",
     ["receivers::otlp::protocols::grpc::tls::cert_file: cannot open /nowhere/c.pem: No such file", "receivers::otlp::protocols::grpc::tls::key_file:", "/nowhere/k.pem"]),
    ("missing passwords", "extensions: {basicauth: {htpasswd: {file: /nowhere/htpasswd}}}\nservice::extensions: [basicauth]\n",
     ["more.yaml:1:", "extensions::basicauth::htpasswd::file:", "/nowhere/htpasswd"]),
    ("missing tokens", "extensions: {bearertokenauth: {filename: /nowhere/tokens}}\nservice::extensions: [bearertokenauth]\n",
     ["extensions::bearertokenauth::filename:", "/nowhere/tokens"]),
    ("one port twice", "receivers:\n  otlp:\n    protocols:\n      grpc: {endpoint: 127.0.0.1:4317}\n      http: {endpoint: 0.0.0.0:4317}\n",
     ["more.yaml:5:24: receivers::otlp::protocols::http::endpoint:", "0.0.0.0:4317 is taken by receivers::otlp::protocols::grpc::endpoint", "more.yaml:4:24"]),
    ("the port of the self-metrics", "service: {telemetry: {metrics: {address: ':13133'}}, extensions: [health_check]}\nextensions:\n  health_check:\n",
     ["more.yaml:1:42: service::telemetry::metrics::address:", "extensions::health_check::endpoint"]),
    ("address of the self-metrics", "service: {telemetry: {metrics: {address: here}}}", ["more.yaml:1:42: service::telemetry::metrics::address:", "host:port"]),
    ("no endpoint for a signal", "exporters:\n  otlphttp:\n    logs_endpoint: http://h/v1/logs\nservice: {pipelines: {traces: {exporters: [otlphttp]}}}\n",
     ["more.yaml:2:3: exporters::otlphttp:", "traces_endpoint"]),
    ("proxy of another kind", "exporters: {otlphttp: {endpoint: 'http://h', proxy_url: 'socks5://u:s3cret@h:1080'}}\n",
     ["more.yaml:1:57: exporters::otlphttp::proxy_url:", "socks5:// proxies are not in this build", "http://host:3128"]),
    ("proxy that is none", "exporters: {otlphttp: {endpoint: 'http://h', proxy_url: 'not a proxy'}}\n", ["exporters::otlphttp::proxy_url:"]),
    ("bad endpoint for a signal", "exporters: {otlphttp: {traces_endpoint: here}}\nservice: {pipelines: {traces: {exporters: [otlphttp]}}}\n",
     ["exporters::otlphttp::traces_endpoint:"]),
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


@pytest.mark.parametrize("more, expected", [case[1:] for case in LATE_MISTAKES], ids=[case[0] for case in LATE_MISTAKES])
def test_mistakes_that_only_the_start_would_show(tmp_path, more, expected):
    (tmp_path / "more.yaml").write_text(more)
    errors = errors_of(tmp_path, GOOD, f"--config={tmp_path / 'more.yaml'}")
    for words in expected:
        assert words in errors, errors
    assert re.search(r"\S+\.yaml:\d+:\d+: \S+: ", errors), errors


def test_a_start_that_fails_says_where_the_component_stands(tmp_path):
    text = GOOD.replace("  nop:\n", "  otlphttp:\n    logs_endpoint: http://h/v1/logs\n").replace("[nop]", "[otlphttp]")
    (tmp_path / "config.yaml").write_text(text.replace("  forward/a:\n  forward/b:\n", ""))
    done = run_vigia(f"--config={tmp_path / 'config.yaml'}")
    assert done.returncode == 1
    assert "config.yaml:10:3: cannot create the exporter otlphttp (traces): neither endpoint nor traces_endpoint is set" in done.stderr


def test_what_nobody_uses_may_lack_its_files(tmp_path):
    unused = "exporters: {otlp/later: {endpoint: 'h:1', tls: {ca_file: /nowhere/ca.pem}, auth: {authenticator: none}}}\n"
    (tmp_path / "more.yaml").write_text(unused + "receivers: {otlp/later: {protocols: {grpc: {endpoint: '127.0.0.1:1'}, http: {endpoint: '127.0.0.1:1'}}}}\n")
    (tmp_path / "config.yaml").write_text(GOOD.replace("  forward/a:\n  forward/b:\n", ""))
    done = run_vigia("validate", f"--config={tmp_path / 'config.yaml'}", f"--config={tmp_path / 'more.yaml'}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_certificate_with_the_key_of_another(tmp_path):
    for name in ("one", "two"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                        "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"], check=True, capture_output=True)
    tls = f"        tls:\n          cert_file: {tmp_path}/one.pem\n          key_file: {tmp_path}/two.key\n"
    errors = errors_of(tmp_path, GOOD.replace("        endpoint: 127.0.0.1:0\n", "        endpoint: 127.0.0.1:0\n" + tls))
    assert "receivers::otlp::protocols::grpc::tls::cert_file:" in errors
    assert "config.yaml:7:" in errors


def test_mistakes_of_every_kind_are_told_together(tmp_path):
    text = GOOD.replace("timeout: 1s", "timeout: soon").replace("  nop:\n", "  nop:\n  otlp: {endpoint: 'h:1', tls: {ca_file: /nowhere/ca.pem}}\n")
    errors = errors_of(tmp_path, text.replace("[nop]", "[nop, otlp, what]"))
    for words in ("processors::batch::timeout", "exporters::otlp::tls::ca_file", '"what" is not defined'):
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
