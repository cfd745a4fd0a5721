#!/usr/bin/env python3
"""What ships, tried: the portable bundle in an empty chroot, the image in a container, the Debian package under a real systemd.

Everything is done in folders of its own: nothing is installed on this machine. What a machine cannot do (no root, no containers) is skipped
with the reason.

    ./dev check packages [arguments of pytest…]
"""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent



def main():
    subprocess.run([REPOSITORY / "dev", "package"], check=True)
    figures = REPOSITORY / "build/packages-figures.txt"
    figures.unlink(missing_ok=True)
    files = [str(HERE / f"packages_{what}.py") for what in ("bundle", "image", "deb")]
    code = pytest.main([*files, "-q", "-rs", "-p", "no:cacheprovider", *sys.argv[1:]])
    if figures.exists():
        print(figures.read_text(), end="")
    return code


if __name__ == "__main__":
    sys.exit(main())
