"""The portable bundle: everything it needs is in it.

Guarantee: in a chroot with nothing but the bundle (and /proc) the program runs, serves and stops; it maps no file from elsewhere; its
process is named for it; a symlink to it works from anywhere; licences and origins of what it brings are complete; the same inputs make the
same bytes.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import urllib.request
from pathlib import Path

import pytest

from child_process import ChildProcess
from packages_made import BUNDLE, REPOSITORY, note
from waiting import wait_until

PORTS = ("--http-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0", "--ports-file", "/ports.json")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A tree with the bundle in /opt/vigia, and with nothing else."""
    if subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespaces")
    root = tmp_path_factory.mktemp("empty")
    with tarfile.open(BUNDLE) as archive:
        archive.extractall(root / "opt", filter="data")
    unpacked, = (root / "opt").iterdir()
    unpacked.rename(root / "opt/vigia")
    (root / "proc").mkdir()
    return root


def inside(root, *command):
    return ["unshare", "--user", "--map-root-user", "/usr/sbin/chroot", str(root), *command]


def run_inside(root, *command):
    return subprocess.run(inside(root, *command), capture_output=True, text=True, timeout=30, check=False, env={})


class InTheChroot(ChildProcess):
    """`vigia up`, which finds nothing around it but the bundle and /proc."""

    name = "the bundle"

    def __init__(self, root, folder):
        self.root = root
        script = f"mount -t proc proc {root}/proc && exec chroot {root} /opt/vigia/bin/vigia up {' '.join(PORTS)}"
        command = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=TERM", "/bin/sh", "-c", script]
        super().__init__(folder, command, "log", {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})

    def is_ready(self):
        try:
            self.ports = json.loads((self.root / "ports.json").read_text())
            return True
        except (FileNotFoundError, ValueError):
            return False

    @property
    def program_pid(self):
        """unshare waits for its child, which is the program by now."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(children[0])


@pytest.fixture(scope="module")
def running(empty, tmp_path_factory):
    process = InTheChroot(empty, tmp_path_factory.mktemp("log"))
    yield process.wait_ready()
    if process.is_alive():
        os.kill(process.program_pid, 15)
    assert process.process.wait(20) == 0, process.log()
    assert "Shutdown complete" in process.log()


def test_it_tells_its_version(empty):
    done = run_inside(empty, "/opt/vigia/bin/vigia", "--version")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("vigia version ")


@pytest.mark.parametrize("link", ["/vigia", "/opt/v", "/opt/vigia/lib/v"])
def test_it_works_through_a_symlink(empty, link):
    if not (empty / link[1:]).is_symlink():
        (empty / link[1:]).symlink_to("/opt/vigia/bin/vigia" if link == "/vigia" else os.path.relpath("/opt/vigia/bin/vigia", Path(link).parent))
    assert run_inside(empty, link, "--version").stdout.startswith("vigia version ")


def test_it_works_where_it_is_unpacked_by_whichever_name(empty, tmp_path):
    moved = tmp_path / "some where"
    shutil.copytree(empty / "opt/vigia", moved, symlinks=True)
    for command, folder in ((["./vigia", "--version"], moved / "bin"), (["bin/../bin/vigia", "--version"], moved)):
        assert subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.startswith("vigia version ")
    environment = {"PATH": f"{moved}/bin", "LD_LIBRARY_PATH": "/nonexistent"}
    assert subprocess.run(["/usr/bin/env", "vigia", "--version"], env=environment, capture_output=True, text=True, check=True).stdout.startswith("vigia ")


def test_it_reads_configurations(empty):
    (empty / "good.yaml").write_text("receivers: {otlp: {protocols: {http: }}}\nexporters: {debug: }\n"
                                     "service: {pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}\n")
    assert run_inside(empty, "/opt/vigia/bin/vigia", "validate", "--config", "/good.yaml").returncode == 0
    (empty / "bad.yaml").write_text("receivers: {otpl: }\n")
    done = run_inside(empty, "/opt/vigia/bin/vigia", "validate", "--config", "/bad.yaml")
    assert done.returncode == 1 and "/bad.yaml:1" in done.stderr


def test_it_serves(running):
    status, text = running.get("http", "/health")
    assert status == 200 and json.loads(text)["status"] == "healthy"
    request = urllib.request.Request(f"http://{running.address('otlp_http')}/v1/logs", data=b"{}", headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_nothing_from_elsewhere_is_mapped(running):
    files = {line.split(maxsplit=5)[5].strip() for line in Path(f"/proc/{running.program_pid}/maps").read_text().splitlines() if "/" in line}
    files = {file.removeprefix(str(running.root)) for file in files if not file.startswith("/dev/zero")}
    assert files and all(file.startswith("/opt/vigia/") for file in files), files


def test_the_process_is_named_for_the_program(running):
    assert Path(f"/proc/{running.program_pid}/comm").read_text() == "vigia\n"


def test_a_machine_without_certificates_gets_the_bundles(running):
    environment = Path(f"/proc/{running.program_pid}/environ").read_text().split("\0")
    assert "SSL_CERT_FILE=/opt/vigia/share/ca-certificates.crt" in environment
    bundled = (running.root / "opt/vigia/share/ca-certificates.crt").read_text()
    assert bundled.count("BEGIN CERTIFICATE") > 100
    first = bundled[:bundled.index("END CERTIFICATE") + len("END CERTIFICATE-----\n")]
    subprocess.run(["openssl", "x509", "-noout"], input=first, text=True, check=True)


@pytest.mark.parametrize("given, expected", [({}, "/etc/ssl/certs/ca-certificates.crt"), ({"SSL_CERT_FILE": "/mine.crt"}, "/mine.crt")])
def test_else_tls_trusts_whom_the_machine_or_its_user_trusts(empty, given, expected, tmp_path):
    if not Path("/etc/ssl/certs/ca-certificates.crt").exists():
        pytest.skip("this machine has no certificates")
    process = subprocess.Popen([empty / "opt/vigia/bin/vigia", "up", *PORTS[:-1], tmp_path / "ports.json"], env=given, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_until((tmp_path / "ports.json").exists, "it is ready")
        assert f"SSL_CERT_FILE={expected}" in Path(f"/proc/{process.pid}/environ").read_text().split("\0")
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_every_library_has_its_origin_and_licence(empty):
    bundle = empty / "opt/vigia"
    origins = [line.split("\t") for line in (bundle / "ORIGINS").read_text().splitlines() if not line.startswith("#")]
    brought = {str(path.relative_to(bundle)) for path in (bundle / "lib").iterdir() if not path.is_symlink()} | {"libexec/vigia"}
    assert brought <= {file for file, *_ in origins}
    for file, package, version, source in origins:
        assert version and source, file
        assert len((bundle / "licenses" / package / "copyright").read_text()) > 100
    assert "Apache License" in (bundle / "LICENSE").read_text()


def test_the_same_inputs_make_the_same_bytes(tmp_path):
    version = re.match(r"vigia-(.+)-linux-", BUNDLE.name).group(1)
    made = []
    for name in ("one", "two"):
        subprocess.run([REPOSITORY / "deploy/bundle/make_bundle.py", "--program", REPOSITORY / "build/release/vigia", "--launcher",
                        REPOSITORY / "build/release/deploy/bundle/vigia_launcher", "--version", version, "--output", tmp_path / name], check=True,
                       capture_output=True)
        made.append((tmp_path / name / BUNDLE.name).read_bytes())
    assert made[0] == made[1]


def test_figures(running):
    status = Path(f"/proc/{running.program_pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
    unpacked = sum(path.stat().st_size for path in (running.root / "opt/vigia").rglob("*") if path.is_file())
    note(f"bundle: {BUNDLE.stat().st_size / 1e6:.1f} MB packed, {unpacked / 1e6:.1f} MB unpacked; `up` in the empty chroot takes {resident:.1f} MiB resident")
    assert resident < 20, "as small as the program of the build"
