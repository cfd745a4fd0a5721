#!/usr/bin/env python3
"""Makes the portable bundle: the program with its own loader, libraries, licences and certificates, for a node of whatever distribution.

    make_bundle.py --program build/release/vigia --launcher build/release/deploy/bundle/vigia_launcher --version 0.1.0 --output build/packages

The same inputs give the same bytes: names are sorted, owners are root, and the times are SOURCE_DATE_EPOCH (or 0).
"""

import argparse
import gzip
import os
import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
# As the package has them: not what this machine's administrator has added to the list that programs read.
CERTIFICATES = Path("/usr/share/ca-certificates/mozilla")


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def libraries_of(program):
    """{name that the loader looks for: file} of all shared libraries, and the loader's file."""
    found, loader = {}, None
    for line in run("ldd", program).splitlines():
        library = re.match(r"\s*(\S+) => (/\S+) \(", line)
        if library:
            found[library.group(1)] = Path(library.group(2)).resolve()
        elif re.match(r"\s*/\S+ \(", line):
            loader = Path(line.split()[0])
        elif "not found" in line:
            raise SystemExit(f"make_bundle: a library is missing on this machine: {line.strip()}")
    if loader is None:
        raise SystemExit(f"make_bundle: {program} names no loader: is it linked statically?")
    return found, loader


def package_of(file):
    """The Debian package that a file belongs to; where /lib is a link to /usr/lib, dpkg knows it by either name."""
    names = [str(file)]
    names += [str(file)[4:]] if str(file).startswith("/usr/") else [f"/usr{file}"]
    for name in names:
        done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":", 1)[0]
    raise SystemExit(f"make_bundle: no package owns {file}, so its licence is not known")


class Bundle:
    def __init__(self, folder):
        self.folder = folder
        self.origins = []  # (file in the bundle, package)

    def add(self, source, name, mode=0o644):
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(mode)
        return target

    def add_packaged(self, source, name, mode=0o644):
        """A file of a Debian package, whose licence comes along."""
        package = package_of(source)
        self.add(source, name, mode)
        self.origins.append((name, package))
        self.add(Path("/usr/share/doc") / package / "copyright", f"licenses/{package}/copyright")

    def write_origins(self):
        lines = ["# What in this bundle comes from Debian, unchanged: file, package, version, source package and version. The sources are",
                 "# Debian's under that name and version; the licences are in licenses/."]
        for name, package in sorted(self.origins):
            version, source = run("dpkg-query", "-W", "-f", "${Version}\t${source:Package} ${source:Version}\n", package).splitlines()[0].split("\t")
            lines.append(f"{name}\t{package}\t{version}\t{source}")
        (self.folder / "ORIGINS").write_text("\n".join(lines) + "\n")


def fill(bundle, options):
    bundle.add(options.launcher, "bin/vigia", 0o755)
    run("strip", "-o", bundle.add(options.program, "libexec/program", 0o755), options.program)
    libraries, loader = libraries_of(options.program)
    bundle.add_packaged(loader.resolve(), "libexec/vigia", 0o755)
    for name, file in sorted(libraries.items()):
        bundle.add_packaged(file, f"lib/{name}")
    certificates = bundle.folder / "share/ca-certificates.crt"
    certificates.parent.mkdir()
    certificates.write_text("".join(file.read_text() for file in sorted(CERTIFICATES.glob("*.crt"))))
    bundle.origins.append(("share/ca-certificates.crt", "ca-certificates"))
    bundle.add("/usr/share/doc/ca-certificates/copyright", "licenses/ca-certificates/copyright")
    bundle.add(REPOSITORY / "LICENSE", "LICENSE")
    bundle.add(REPOSITORY / "deploy/bundle/README.md", "README.md")
    for name in ("vigia-agent.service", "vigia-gateway.service", "vigia-edge.service", "agent.env", "gateway.env", "edge.env", "gateway.yaml"):
        bundle.add(REPOSITORY / "deploy/systemd" / name, f"share/systemd/{name}")
    bundle.write_origins()


def pack(folder, archive):
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    def normalized(entry):
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = time
        if entry.isdir():
            entry.mode = 0o755
        return entry

    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=time) as compressed, tarfile.open(fileobj=compressed, mode="w") as tar:
        tar.add(folder, folder.name, recursive=False, filter=normalized)
        for path in sorted(folder.rglob("*")):
            tar.add(path, Path(folder.name) / path.relative_to(folder), recursive=False, filter=normalized)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "launcher", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    name = f"vigia-{options.version}-linux-{platform.machine()}"
    folder = options.output / name
    shutil.rmtree(folder, ignore_errors=True)
    fill(Bundle(folder), options)
    archive = options.output / f"{name}.tar.gz"
    pack(folder, archive)
    shutil.rmtree(folder)
    print(archive)


if __name__ == "__main__":
    main()
