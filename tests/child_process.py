"""A program under test as a child process: what tests know of one, whichever it is."""

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from waiting import wait_until

STOP_DEADLINE_S = 30


class ChildProcess:
    name = "the program"

    def __init__(self, folder, command, log_name, environment=None):
        self.folder = Path(folder)
        self.log_file = self.folder / log_name
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def is_ready(self):
        """Whether it takes data. Called until it does, for as long as the process lives."""
        raise NotImplementedError

    def wait_ready(self, deadline_s=20):
        def is_ready():
            assert self.is_alive(), f"{self.name} ended with {self.process.returncode} before it was ready:\n{self.log()[-20000:]}"
            return self.is_ready()

        wait_until(is_ready, f"{self.name} is ready", deadline_s)
        return self

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def address(self, name):
        assert name in self.ports, f"no listener {name}; there are {sorted(self.ports)}"
        return f"127.0.0.1:{self.ports[name]}"

    def get(self, name, path="/"):
        """GET from one of its listeners: status, body."""
        try:
            with urllib.request.urlopen(f"http://{self.address(name)}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def signal(self, number):
        self.process.send_signal(number)

    def check_log(self):
        """Fails when the log of a process that has ended says that something was wrong with it."""

    def stop(self):
        """SIGTERM must end it with 0, in time."""
        if self.is_alive():
            self.process.terminate()
        try:
            code = self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {STOP_DEADLINE_S} s:\n{self.log()[-4000:]}") from None
        self.check_log()
        assert code == 0, f"{self.name} ended with {code}:\n{self.log()[-4000:]}"

    def kill(self):
        if self.is_alive():
            self.process.kill()
            self.process.wait()
