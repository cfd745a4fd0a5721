"""The Debian package on a Debian 12 that runs its own systemd: install, settings, upgrade, removal, purge.

Guarantee: nothing starts before it is told whose node this is; then it runs under the hardened units, which leave it what it needs; an upgrade
keeps settings, data and decisions and replaces what runs; removal keeps settings and data; purge leaves nothing. The tests follow each other.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

from packages_machine import Machine, base_tree
from packages_made import CACHE, DEB, note
from waiting import wait_until

SETTINGS = "CUSTOMER_ID=cliente-a\nOTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:14317\nOTEL_EXPORTER_OTLP_INSECURE=true\nNODE_ID=prod-web-01\n"
AGENT = "vigia-agent.service"


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory):
    """The same package with a higher version."""
    folder = tmp_path_factory.mktemp("upgrade")
    subprocess.run(["dpkg-deb", "-R", DEB, folder / "tree"], check=True)
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 99.0.0-1", control.read_text()))
    subprocess.run(["dpkg-deb", "-b", folder / "tree", folder / "vigia_99.0.0-1_amd64.deb"], check=True, capture_output=True)
    return folder / "vigia_99.0.0-1_amd64.deb"


@pytest.fixture(scope="module")
def machine(tmp_path_factory, upgrade):
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("debootstrap", "systemd-nspawn", "nsenter")):
        pytest.skip("debootstrap and systemd-nspawn are needed, and root")
    tree = tmp_path_factory.mktemp("machine") / "root"
    subprocess.run(["cp", "-a", base_tree(CACHE), tree], check=True)
    made = Machine(tree)
    made.prepare(DEB)
    shutil.copy(DEB, tree / "opt/vigia.deb")
    shutil.copy(upgrade, tree / "opt/upgrade.deb")
    if not made.boot():
        pytest.skip(f"no systemd in namespaces here: {(tree.parent / 'console').read_text(errors='replace')[-300:]}")
    yield made
    made.halt()
    shutil.rmtree(tree, ignore_errors=True)


def start_agent(machine):
    machine.write("/etc/vigia/agent.env", SETTINGS)
    machine.run("systemctl", "restart", AGENT)
    wait_until(lambda: machine.fetch("http://127.0.0.1:8080/health"), "the agent answers", 20)


def test_the_package_is_well_made():
    done = subprocess.run(["lintian", "--fail-on", "error", DEB], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    depends = subprocess.run(["dpkg-deb", "-f", DEB, "Depends"], capture_output=True, text=True, check=True).stdout
    assert "libc6 (>=" in depends and "libssl3" in depends, "found by dpkg-shlibdeps"
    assert "libgtest" not in depends and "libprotobuf" not in depends
    note(f"Debian package: {DEB.stat().st_size / 1e6:.1f} MB, "
         f"{int(subprocess.run(['dpkg-deb', '-f', DEB, 'Installed-Size'], capture_output=True, text=True, check=True).stdout) / 1000:.1f} MB installed")


def test_an_agent_that_knows_nothing_is_installed_and_not_started(machine):
    said = machine.run("dpkg", "-i", "/opt/vigia.deb").stdout
    assert "set CUSTOMER_ID and OTEL_EXPORTER_OTLP_ENDPOINT" in said
    assert machine.run("vigia", "--version").stdout.startswith("vigia version ")
    assert machine.run("systemctl", "is-enabled", AGENT).stdout.strip() == "enabled"
    machine.run("systemctl", "start", AGENT)
    assert machine.property(AGENT, "ActiveState") == "inactive", "told nothing, it does not run, and has not failed"
    assert "not started: set CUSTOMER_ID" in machine.journal(AGENT)
    for unit in ("vigia-gateway.service", "vigia-edge.service"):
        assert machine.run("systemctl", "is-enabled", unit, code=None).stdout.strip() == "disabled"
    assert machine.run("systemctl", "--failed", "--no-legend").stdout == ""


def test_files_have_their_owners(machine):
    assert machine.run("stat", "-c", "%U:%G %a", "/etc/vigia/agent.env").stdout.strip() == "root:root 600", "tokens may be in it"
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/vigia").stdout.strip() == "vigia:vigia 750"
    assert machine.run("id", "-u", "vigia").stdout.strip() != "0"


def test_a_mistake_in_the_settings_is_one_line_and_no_loop(machine):
    machine.write("/etc/vigia/agent.env", SETTINGS.replace("http://127.0.0.1:14317", "ftp://collector"))
    machine.run("systemctl", "restart", AGENT, code=None)
    wait_until(lambda: machine.property(AGENT, "ActiveState") == "failed", "it has given up", 20)
    assert machine.property(AGENT, "NRestarts") == "0"
    assert machine.journal(AGENT).count("Error:") == 1
    machine.run("systemctl", "reset-failed", AGENT)


def test_told_what_it_needs_it_runs_hardened(machine):
    start_agent(machine)
    machine.wait_active(AGENT)
    report = json.loads(machine.fetch("http://127.0.0.1:8080/health"))
    assert report["checks"]["collector_connectivity"]["endpoint"] == "127.0.0.1:14317"
    status = machine.status_of(machine.pid(AGENT))
    assert status["Name"] == "vigia"
    assert status["Uid"].split()[0] == machine.run("id", "-u", "vigia").stdout.strip()
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapEff"], 16) == 0
    note(f"Debian package: the agent under systemd takes {int(status['VmRSS'].split()[0]) / 1024:.1f} MiB resident")


def test_hardening_leaves_it_what_it_needs(machine):
    """It sees the machine, writes its queue, and nothing was denied to it."""
    wait_until(lambda: "system_memory_usage_bytes{" in machine.fetch("http://127.0.0.1:8080/metrics"), "it has read the machine's memory", 40)
    text = machine.fetch("http://127.0.0.1:8080/metrics")
    assert re.search(r'system_disk_usage_bytes\{[^}]*mount_point="/"', text)
    assert machine.exists("/var/lib/vigia/queue")
    journal = machine.journal(AGENT)
    assert not re.search(r"[Pp]ermission denied|Operation not permitted|SIGSYS", journal), journal


def test_it_comes_back_after_a_crash(machine):
    before = machine.pid(AGENT)
    machine.run("sh", "-c", f"kill -SEGV {before}")
    wait_until(lambda: machine.pid(AGENT) not in (0, before), "it is started again", 20)
    machine.wait_active(AGENT)


@pytest.mark.parametrize("role, settings", [
    ("gateway", "VIGIA_ARGUMENTS=--host 127.0.0.1\n"),
    ("edge", "TELEMETRYFLOW_ENDPOINT=http://127.0.0.1:14318\nVIGIA_ARGUMENTS=--max-disk-mib 64\n"),
])
def test_the_other_roles_run_hardened(machine, role, settings):
    unit = f"vigia-{role}.service"
    machine.run("systemctl", "stop", AGENT)
    machine.write(f"/etc/vigia/{role}.env", settings)
    machine.run("systemctl", "start", unit)
    machine.wait_active(unit)
    wait_until(lambda: machine.run("vigia", "health", "--endpoint", "http://127.0.0.1:13133/health", code=None).returncode == 0, f"{role} is ready", 20)
    status = machine.status_of(machine.pid(unit))
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapEff"], 16) == 0
    machine.run("systemctl", "reload", unit)
    assert role != "edge" or machine.exists("/var/lib/vigia/edge/queue")
    assert not re.search(r"[Pp]ermission denied|Operation not permitted", machine.journal(unit))
    machine.run("systemctl", "stop", unit)
    assert machine.property(unit, "Result") == "success", "it ends by itself, in time"


def test_an_upgrade_keeps_settings_and_replaces_what_runs(machine):
    start_agent(machine)
    before = machine.pid(AGENT)
    machine.write("/var/lib/vigia/kept", "data")
    machine.run("dpkg", "-i", "/opt/upgrade.deb")
    assert machine.read("/etc/vigia/agent.env") == SETTINGS and machine.read("/var/lib/vigia/kept") == "data"
    wait_until(lambda: machine.pid(AGENT) not in (0, before), "the new program runs", 20)
    machine.wait_active(AGENT)
    assert machine.run("stat", "-c", "%U:%G %a", "/etc/vigia/agent.env").stdout.strip() == "root:root 600"


def test_an_upgrade_respects_who_has_disabled_it(machine):
    machine.run("systemctl", "disable", "--now", AGENT)
    machine.run("dpkg", "-i", "/opt/upgrade.deb")
    assert machine.run("systemctl", "is-enabled", AGENT, code=None).stdout.strip() == "disabled"
    assert machine.property(AGENT, "ActiveState") == "inactive"
    machine.run("systemctl", "enable", "--now", AGENT)


def test_removal_keeps_settings_and_data(machine):
    machine.run("dpkg", "-r", "vigia")
    assert not machine.exists("/usr/bin/vigia") and not machine.exists("/lib/systemd/system/vigia-agent.service")
    assert machine.read("/etc/vigia/agent.env") == SETTINGS and machine.read("/var/lib/vigia/kept") == "data"
    assert machine.property(AGENT, "ActiveState") == "inactive"


def test_installed_again_it_goes_on_by_itself(machine):
    machine.run("dpkg", "-i", "/opt/vigia.deb")
    machine.wait_active(AGENT)
    wait_until(lambda: machine.fetch("http://127.0.0.1:8080/health"), "the agent answers", 20)


def test_purge_leaves_nothing(machine):
    machine.run("dpkg", "-P", "vigia")
    left = machine.run("find", "/etc", "/usr", "/lib/systemd", "/var/lib", "/var/log", "-xdev", "-name", "*vigia*", "-not", "-path", "/var/lib/dpkg/*",
                       "-not", "-path", "/var/lib/apt/*", "-not", "-path", "/var/log/journal/*").stdout.split()
    assert left == []
    assert machine.run("systemctl", "--failed", "--no-legend").stdout == ""
