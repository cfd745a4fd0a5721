"""The contrib repository's golden data set: what its testbed's correctness tests send, as OTLP requests in files.

The generator is a module of that repository and internal to it: it is downloaded by name and version, and our small program that
calls it (checks/golden) is built inside a writable copy.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from otlp_sinks import REQUEST_TYPES
from services.clients import build, cache_folder, go_program, run

TESTS = Path(__file__).resolve().parent.parent
MODULE = "github.com/open-telemetry/opentelemetry-collector-contrib/internal/coreinternal"


def module_version():
    text = (TESTS / "services" / "versions.env").read_text()
    return next(line.split("=")[1] for line in text.splitlines() if line.startswith("COLLECTOR_CONTRIB_VERSION="))


def build_inside_module(go, source, target):
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        downloaded = json.loads(run([go, "mod", "download", "-json", f"{MODULE}@{module_version()}"], cwd=folder, timeout=300))
        copy = Path(folder) / "module"
        shutil.copytree(downloaded["Dir"], copy, copy_function=shutil.copyfile)
        run(["chmod", "-R", "u+w", copy])
        # Replacements that point out of the module have no target here; the required versions are published.
        for entry in json.loads(run([go, "mod", "edit", "-json"], cwd=copy)).get("Replace") or []:
            if entry["New"]["Path"].startswith("."):
                run([go, "mod", "edit", f"-dropreplace={entry['Old']['Path']}"], cwd=copy)
        (copy / "golden").mkdir()
        shutil.copy(source, copy / "golden")
        run(["nice", go, "build", "-mod=mod", "-o", target / "golden", "./golden"], cwd=copy, timeout=900)
        testdata = copy / "goldendataset" / "testdata"
        (target / "requests").mkdir()
        run([target / "golden", testdata, target / "requests"])


def golden_requests():
    """{signal: requests}. Needs Go."""
    go = go_program()
    if not go:
        pytest.skip("the golden data set is made by a Go program, and Go is missing or too old")
    source = TESTS / "checks" / "golden" / "main.go"

    def make(partial):
        partial.mkdir()
        build_inside_module(go, source, partial)

    folder = Path(build(f"golden-{module_version()}", [source], make)) / "requests"
    found = {"traces": [], "metrics": []}
    for path in sorted(folder.iterdir(), key=os.fspath):
        signal = path.name.split("-")[0]
        found[signal].append(REQUEST_TYPES[signal].FromString(path.read_bytes()))
    return found
