"""Clients written against other people's libraries (tests/interop), built into the cache when they are missing or changed."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

INTEROP = Path(__file__).resolve().parent.parent / "interop"
OLDEST_GO = (1, 26)  # what the SDK's modules ask for


def cache_folder():
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = base / "vigia" / "interop"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def build(name, sources, make):
    """The program of these sources: built by make(path) once, kept under a name that says what it was built from."""
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.name.encode() + source.read_bytes())
    program = cache_folder() / f"{name}-{digest.hexdigest()[:12]}"
    if not program.exists():
        partial = program.with_suffix(f".{os.getpid()}")
        make(partial)
        partial.rename(program)  # complete, or not there
    return str(program)


def run(command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}{done.stderr[-8000:]}"
    return done.stdout


def go_program():
    """Go, when it is here and new enough."""
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not go:
        return None
    version = re.search(r"go(\d+)\.(\d+)", run([go, "version"]))
    return go if version and tuple(map(int, version.groups())) >= OLDEST_GO else None


def go_client():
    go = go_program()
    if not go:
        pytest.skip(f"needs Go {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer: https://go.dev/dl")
    folder = INTEROP / "go"
    sources = [path for path in folder.iterdir() if path.name in ("go.mod", "go.sum") or path.suffix == ".go"]
    return build("go-client", sources, lambda target: run(["nice", go, "build", "-mod=readonly", "-o", target, "."], cwd=folder, timeout=900))


def grpcpp_client():
    if not shutil.which("pkg-config") or subprocess.run(["pkg-config", "--exists", "grpc++"], check=False).returncode != 0:
        pytest.skip("needs grpc++: apt install libgrpc++-dev")
    source = INTEROP / "cpp" / "client.cpp"
    flags = run(["pkg-config", "--cflags", "--libs", "grpc++"]).split()
    return build("grpcpp-client", [source], lambda target: run(["g++", "-std=c++20", "-O1", "-o", target, source, *flags], timeout=600))


def fluent_client():
    """The command of the client that speaks the forward protocol with the Fluent project's library for Node.js."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("needs Node.js and npm: apt install nodejs npm")
    folder = INTEROP / "fluent"

    def install(target):
        shutil.copytree(folder, target)
        run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], cwd=target, timeout=300)

    return [node, f"{build('fluent-client', folder.iterdir(), install)}/client.js"]
