"""What ships below deploy/, and the foreign tools that judge it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"


def tool(name):
    """A program of this machine or of the tests' Python; the test is skipped where there is none."""
    beside_python = Path(sys.executable).parent / name
    found = str(beside_python) if beside_python.exists() else shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def judged(name, *arguments, **options):
    """What the tool says, which has to be that all is well."""
    done = subprocess.run([tool(name), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def documents(path):
    """The YAML documents of a file."""
    return [document for document in yaml.safe_load_all(Path(path).read_text()) if document]


def document(path):
    only, = documents(path)
    return only
