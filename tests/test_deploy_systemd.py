"""The unit files and what they read.

Guarantee: systemd finds nothing wrong in them, their exposure is low, what they write to is writable for them, and an agent that has not
been told whose it is and where to send does not start. That they run is what `./dev check packages` shows, under a real systemd.
"""

import re
import shutil
import subprocess

import pytest

from deployment import DEPLOY, judged, tool

SYSTEMD = DEPLOY / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.glob("*.service"))
# In tenths: below 2.0 is what systemd calls OK for its own services; the agent sees more of the machine than the others.
MOST_EXPOSED = {"vigia-agent.service": 20, "vigia-edge.service": 13, "vigia-gateway.service": 13, "tfo-otel-agent.service": 20}


def settings(unit):
    """{key: [values]} of all sections; a line that ends with a backslash goes on."""
    found = {}
    for line in (SYSTEMD / unit).read_text().replace("\\\n", " ").splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value.strip())
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A tree with the units, the program, and what systemd itself brings."""
    folder = tmp_path_factory.mktemp("root")
    for name in ("etc/systemd/system", "usr/bin", "bin"):
        (folder / name).mkdir(parents=True)
    shutil.copytree("/lib/systemd/system", folder / "lib/systemd/system", symlinks=True)
    for unit in UNITS:
        shutil.copy(SYSTEMD / unit, folder / "etc/systemd/system")
    for program in ("usr/bin/vigia", "bin/sh"):
        (folder / program).write_text("")
        (folder / program).chmod(0o755)
    return folder


def test_all_units_are_looked_at():
    assert set(UNITS) == set(MOST_EXPOSED)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(root, unit):
    said = judged("systemd-analyze", "verify", "--man=no", f"--root={root}", f"/etc/systemd/system/{unit}")
    assert unit not in said, said


def test_a_mistake_is_found(root):
    text = (SYSTEMD / "vigia-agent.service").read_text().replace("ProtectSystem=strict", "ProtectSystem=paranoid")
    (root / "etc/systemd/system/broken.service").write_text(text)
    done = subprocess.run([tool("systemd-analyze"), "verify", "--man=no", f"--root={root}", "/etc/systemd/system/broken.service"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert re.search(r"broken.service:\d+: Failed to parse protect system value", done.stderr)


@pytest.mark.parametrize("unit", UNITS)
def test_exposure_is_low(unit):
    judged("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSED[unit]}", SYSTEMD / unit)


@pytest.mark.parametrize("unit", UNITS)
def test_what_it_writes_is_writable(unit):
    """The documents' unit could not write the log file that the documents configure: ProtectSystem=strict, and only the queue allowed."""
    found = settings(unit)
    assert found["ProtectSystem"] == ["strict"]
    is_documents = unit == "tfo-otel-agent.service"
    assert found["LogsDirectory"] == ["otel-agent" if is_documents else "vigia"]
    state = {f"/var/lib/{name}" for value in found["StateDirectory"] for name in value.split()}
    data = [value.partition("=")[2] for value in found.get("Environment", []) if value.startswith("VIGIA_DATA_DIR=")]
    assert set(data) <= state
    assert not is_documents or {"/var/lib/otel-agent", "/var/lib/otel-agent/queue"} == state


@pytest.mark.parametrize("unit", UNITS)
def test_it_has_time_to_hand_on_what_it_holds(unit):
    found = settings(unit)
    assert int(found["TimeoutStopSec"][0].removesuffix("s")) >= 30
    assert found["ExecReload"] == ['/bin/sh -c \'kill -HUP "$$MAINPID"\'']
    assert found["Restart"][0] in ("on-failure", "always")


def test_the_agent_costs_what_the_document_allows():
    found = settings("vigia-agent.service")
    assert (found["CPUQuota"], found["MemoryMax"]) == (["50%"], ["256M"])


@pytest.mark.parametrize("unit, environment, is_started", [
    ("vigia-agent.service", {}, False),
    ("vigia-agent.service", {"CUSTOMER_ID": "cliente-a"}, False),
    ("vigia-agent.service", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}, False),
    ("vigia-agent.service", {"CUSTOMER_ID": "cliente-a", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}, True),
    ("vigia-agent.service", {"TELEMETRYFLOW_TENANT_ID": "t", "TELEMETRYFLOW_ENDPOINT": "http://collector:4318"}, True),
    ("vigia-edge.service", {}, False),
    ("vigia-edge.service", {"TELEMETRYFLOW_ENDPOINT": "https://backend:4318"}, True),
])
def test_it_starts_when_it_has_been_told_what_it_needs(unit, environment, is_started):
    condition, = settings(unit)["ExecCondition"]
    script = re.fullmatch(r"/bin/sh -c '(.*)'", condition).group(1).replace("$$", "$")
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode == 0) == is_started
    assert (done.stdout == "") == is_started and done.stdout.count("\n") <= 1, "one line says what is missing"


def test_environment_files_name_what_the_units_read():
    for unit in ("agent", "gateway", "edge"):
        assert settings(f"vigia-{unit}.service")["EnvironmentFile"] == [f"-/etc/vigia/{unit}.env"]
        for line in (SYSTEMD / f"{unit}.env").read_text().splitlines():
            assert line == "" or line.startswith("# ") or re.fullmatch(r"#[A-Z_]+=.*", line), "nothing is set until somebody sets it"


def test_the_agents_environment_file_has_the_documents_variables():
    text = (SYSTEMD / "agent.env").read_text()
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_INSECURE", "CUSTOMER_ID", "CUSTOMER_NAME", "NODE_ID", "NODE_REGION", "ENVIRONMENT",
                 "HEALTH_CHECK_PORT", "METRICS_INTERVAL", "BUFFER_MAX_SIZE", "LOG_LEVEL", "TRACES_ENABLED"):
        assert re.search(rf"^#{name}=", text, re.M), name


def test_the_account_and_its_directories(tmp_path):
    """sysusers and tmpfiles, tried in an empty tree."""
    for name in ("etc", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nadm:x:4:\n")
    judged("systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "vigia.sysusers.conf")
    account = next(line for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("vigia:"))
    assert account.endswith(":/var/lib/vigia:/usr/sbin/nologin")
    judged("systemd-tmpfiles", "--create", f"--root={tmp_path}", SYSTEMD / "vigia.tmpfiles.conf")
    assert (tmp_path / "var/lib/vigia").stat().st_mode & 0o777 == 0o750


def test_settings_are_conffiles_of_the_package():
    listed = set((DEPLOY / "debian/conffiles").read_text().split())
    installed = {f"/etc/vigia/{name}" for name in ("agent.env", "gateway.env", "edge.env", "gateway.yaml")}
    assert listed == installed
    rules = (DEPLOY.parent / "cmake/packages.cmake").read_text()
    assert all(f"systemd/{path.rpartition('/')[2]}" in rules for path in listed)
