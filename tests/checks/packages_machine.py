"""A Debian 12 of the checks' own, booted with its own systemd: a folder, in namespaces, with nothing but a loopback for a network."""

import os
import shutil
import subprocess
from pathlib import Path

from waiting import wait_until


def base_tree(cache):
    """A minimal Debian 12 with systemd, made once."""
    tree = cache / "debian-12-systemd"
    if not (tree / "ready").exists():
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,ca-certificates", "bookworm", tree], check=True,
                       stdout=subprocess.DEVNULL)
        (tree / "ready").touch()
    return tree


class Machine:
    def __init__(self, tree):
        self.tree = Path(tree)
        self.init_pid = None

    def prepare(self, deb):
        """What the package depends on is there before the network is gone; the package itself is not."""
        depends = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True).stdout.strip()
        shutil.copy("/etc/resolv.conf", self.tree / "etc/resolv.conf")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-q"], ["apt-get", "satisfy", "-q", "-y", "--no-install-recommends", depends]):
            subprocess.run(["chroot", self.tree, *command], check=True, capture_output=True, env=environment)
        (self.tree / "etc/machine-id").write_text("")

    def boot(self):
        """Whether it came up."""
        command = ["systemd-nspawn", "--register=no", "--keep-unit", "--private-network", "-D", self.tree, "--boot", "--console=pipe"]
        with open(self.tree.parent / "console", "wb") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            wait_until(self._is_up, "systemd is running", 60)
        except AssertionError:
            self.halt()
            return False
        return True

    def _is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("systemd-nspawn ended")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            return False
        self.init_pid = int(children[0])
        return self.run("systemctl", "is-system-running", code=None).stdout.strip() in ("running", "degraded")

    def halt(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def run(self, *command, code=0, text=None):
        """A command inside; `code` is what it has to end with, None for whatever."""
        done = subprocess.run(["nsenter", "-t", str(self.init_pid), "-a", "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                               "DEBIAN_FRONTEND=noninteractive", *map(str, command)], input=text, capture_output=True, text=True, timeout=120, check=False)
        assert code is None or done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def fetch(self, url):
        """GET by the curl of outside, in the network of inside."""
        return subprocess.run(["nsenter", "-t", str(self.init_pid), "-n", "curl", "-s", "--max-time", "5", url], capture_output=True, text=True,
                              check=False).stdout

    def property(self, unit, name):
        return self.run("systemctl", "show", "-p", name, "--value", unit).stdout.strip()

    def journal(self, unit):
        return self.run("journalctl", "-u", unit, "--no-pager", "-o", "cat").stdout

    def wait_active(self, unit):
        wait_until(lambda: self.property(unit, "ActiveState") == "active", f"{unit} is active", 20)

    def pid(self, unit):
        return int(self.property(unit, "MainPID"))

    def status_of(self, pid):
        """/proc/PID/status of a process inside."""
        text = self.run("cat", f"/proc/{pid}/status").stdout
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def exists(self, path):
        return os.path.lexists(self.tree / path.lstrip("/"))

    def read(self, path):
        return (self.tree / path.lstrip("/")).read_text()

    def write(self, path, text):
        (self.tree / path.lstrip("/")).write_text(text)
