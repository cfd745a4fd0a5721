"""A program that sees name servers and a hosts file of the test's, and nobody else does: they lie over the system's files in a mount
namespace of its own, which takes root."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

# Not all machines have the last one.
_SYSTEM_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"]
_SCRIPT = 'folder=$1; shift; for file in $(ls "$folder"); do mount --bind "$folder/$file" "/etc/$file" || exit 98; done; exec "$@"'


class OwnNames:
    def __init__(self, folder):
        self._folder = Path(folder) / "etc"
        self._folder.mkdir()
        texts = {"resolv.conf": "", "hosts": "127.0.0.1 localhost\n", "nsswitch.conf": "hosts: files dns\n"}
        for path in map(Path, _SYSTEM_FILES):
            if path.exists():
                (self._folder / path.name).write_text(texts[path.name])
        self.launcher = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "sh", str(self._folder)]

    def name_servers(self, *servers):
        (self._folder / "resolv.conf").write_text("".join(f"nameserver {server.address}\n" for server in servers))

    def hosts(self, **addresses):
        """Names are written with _ for a dot."""
        lines = [f"{address} {name.replace('_', '.')}\n" for name, address in addresses.items()]
        (self._folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines))


@functools.cache
def _why_not():
    if os.geteuid() != 0:
        return "a mount namespace and port 53 take root"
    if not shutil.which("unshare"):
        return "there is no unshare here"
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", "mount --bind /etc/hosts /etc/hosts"],
                           capture_output=True, text=True, check=False)
    return f"no mount namespace here: {tried.stderr.strip()}" if tried.returncode else ""


@pytest.fixture
def own_names(tmp_path):
    if reason := _why_not():
        pytest.skip(reason)
    return OwnNames(tmp_path)
