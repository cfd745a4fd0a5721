"""The image: what the Dockerfile makes of the bundle, in a container.

Guarantee: the Dockerfile builds; the container runs as nobody in particular, without capabilities, on a read-only file system, within the
limits of document 1; its health check and the commands that the documents use inside of it work; the minimal image has the program alone.

Its first stage, which compiles, is replaced by what this repository's own build has made: base images come from a registry of images. Docker is
not needed: buildah reads the same Dockerfile, and podman runs the image through the same runc.
"""

import json
import os
import shutil
import subprocess
import tarfile

import pytest

from packages_made import BUNDLE, REPOSITORY, note
from waiting import wait_until

DOCKER = REPOSITORY / "deploy/docker"
# Alone in its network, so its ports are free; within what this machine lets a container have.
ALONE = ("--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--log-driver", "k8s-file")
# The compose file's.
LIMITED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "256m", "--cpus", "0.5")


class Engine:
    """buildah and podman with a storage of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.storage = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]

    def buildah(self, *arguments):
        return self._run("buildah", *self.storage, *arguments)

    def podman(self, *arguments, code=0):
        return self._run("podman", *self.storage, "--cgroup-manager", "cgroupfs", "--runtime", "runc", "--tmpdir", self.folder / "tmp", *arguments, code=code)

    @staticmethod
    def _run(*command, code=0):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
        assert code is None or done.returncode == code, f"{command}:\n{done.stdout}{done.stderr}"
        return done

    def remove(self):
        self.podman("rm", "-f", "-a", "-t", "3", code=None)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("buildah", "podman", "runc")):
        pytest.skip("buildah, podman and runc are needed, and root")
    made = Engine(tmp_path_factory.mktemp("engine"))
    context = tmp_path_factory.mktemp("build")
    subprocess.run([DOCKER / "make_rootfs.sh", BUNDLE, context / "rootfs", "/bin/busybox"], check=True)
    subprocess.run([DOCKER / "make_rootfs.sh", BUNDLE, context / "rootfs-minimal"], check=True)
    for tag, target in (("vigia", "vigia"), ("vigia:minimal", "minimal")):
        made.buildah("bud", "--format", "docker", "--isolation", "chroot", "--pull-never", "--build-context", f"build={context}", "--target", target,
                     "-f", DOCKER / "Dockerfile", "-t", tag, REPOSITORY)
    if (probe := made.podman("run", "--rm", *ALONE, "vigia", "--version", code=None)).returncode != 0:
        made.remove()
        pytest.skip(f"no containers here: {probe.stderr.strip().splitlines()[-1]}")
    yield made
    made.remove()


@pytest.fixture(scope="module")
def container(engine):
    """`vigia agent` as document 1's compose file runs it."""
    environment = {"CUSTOMER_ID": "cliente-a", "NODE_ID": "prod-web-01", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:14317",
                   "OTEL_EXPORTER_OTLP_INSECURE": "true", "TELEMETRYFLOW_WORKSPACE_ID": "w"}
    variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    engine.podman("run", "-d", "--name", "otel-agent", "-v", "agent-data:/var/lib/vigia", *variables, *LIMITED, *ALONE, "vigia")
    wait_until(lambda: engine.podman("exec", "otel-agent", "vigia", "health", code=None).returncode == 0, "it is healthy", 20)
    return "otel-agent"


def test_the_image_says_what_it_is(engine):
    config = json.loads(engine.podman("inspect", "vigia").stdout)[0]
    assert config["Config"]["Entrypoint"] == ["/usr/bin/vigia"] and config["Config"]["Cmd"] == ["agent"]
    assert config["Config"]["User"] == "10001:10001"
    assert config["HealthCheck" if "HealthCheck" in config else "Healthcheck"]["Test"] == ["CMD", "/usr/bin/vigia", "health"]
    assert config["Config"]["Labels"]["org.opencontainers.image.title"] == "vigia"


def test_arguments_take_the_place_of_the_collectors(engine, tmp_path):
    """`docker run … image --config=/etc/otel-agent-config.yaml`, as document 3 has it."""
    (tmp_path / "config.yaml").write_text("receivers: {otpl: }\n")
    os.chmod(tmp_path, 0o755)
    done = engine.podman("run", "--rm", *ALONE, "-v", f"{tmp_path}/config.yaml:/etc/otel-agent-config.yaml:ro", "vigia", "--config=/etc/otel-agent-config.yaml",
                         code=1)
    assert "/etc/otel-agent-config.yaml:1" in done.stderr


def test_the_health_checks_work(engine, container):
    engine.podman("healthcheck", "run", container)
    engine.podman("exec", container, "wget", "--spider", "-q", "http://localhost:8080/health")
    report = json.loads(engine.podman("exec", container, "wget", "-q", "-O", "-", "http://localhost:8080/health").stdout)
    assert report["status"] in ("healthy", "degraded") and report["checks"]["collector_connectivity"]["endpoint"] == "127.0.0.1:14317"


def test_the_documents_commands_work_inside(engine, container):
    assert "vigia" in engine.podman("exec", container, "ps", "aux").stdout
    assert "TELEMETRYFLOW_WORKSPACE_ID=w" in engine.podman("exec", container, "env").stdout
    engine.podman("exec", container, "ping", "-c", "1", "127.0.0.1", code=None)  # whether it may is the engine's matter
    assert "8080" in engine.podman("exec", container, "netstat", "-tln").stdout


def test_it_runs_as_nobody_and_without_capabilities(engine, container):
    status = engine.podman("exec", container, "cat", "/proc/1/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Name"] == "vigia" and fields["Uid"].split()[0] == "10001" and int(fields["CapEff"], 16) == 0 and fields["NoNewPrivs"] == "1"
    memory = engine.podman("stats", "--no-stream", "--format", "{{.MemUsage}}", container).stdout.strip()
    note(f"image: the agent in the container uses {memory}, {int(fields['VmRSS'].split()[0]) / 1024:.1f} MiB resident")


def test_what_waits_survives_the_container(engine, container):
    before = engine.podman("exec", container, "ls", "/var/lib/vigia").stdout.split()
    assert "queue" in before
    engine.podman("stop", "-t", "30", container)
    assert json.loads(engine.podman("inspect", container).stdout)[0]["State"]["ExitCode"] == 0, "it stops in time"
    after = engine.podman("run", "--rm", "-v", "agent-data:/var/lib/vigia", *ALONE, "--entrypoint", "/bin/ls", "vigia", "/var/lib/vigia").stdout.split()
    assert set(before) <= set(after)


def test_without_a_customer_it_says_so_and_ends(engine):
    done = engine.podman("run", "--rm", *ALONE, "vigia", code=1)
    assert "CUSTOMER_ID" in done.stderr


def test_the_minimal_image_has_no_shell(engine):
    assert engine.podman("run", "--rm", *ALONE, "vigia:minimal", "--version").stdout.startswith("vigia version ")
    engine.podman("run", "--rm", *ALONE, "--entrypoint", "/bin/sh", "vigia:minimal", "-c", "true", code=127)


def test_figures(engine, tmp_path):
    for tag in ("vigia", "vigia:minimal"):
        size = json.loads(engine.podman("inspect", tag).stdout)[0]["Size"]
        engine.podman("save", "-o", tmp_path / "image.tar", tag)
        with tarfile.open(tmp_path / "image.tar") as archive:
            layers = sum(name.endswith(".tar") for name in archive.getnames())
        (tmp_path / "image.tar").unlink()
        note(f"image {tag}: {size / 1e6:.1f} MB in {layers} layers")
        assert size < 40e6
