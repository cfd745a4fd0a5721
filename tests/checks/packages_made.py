"""Where `./dev package` put what the checks of packages look at, and what they report in the end."""

import glob
import os
import platform
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
MADE = REPOSITORY / "build/packages"
FIGURES = REPOSITORY / "build/packages-figures.txt"
CACHE = Path(os.environ.get("VIGIA_CACHE", Path.home() / ".cache/vigia"))


def newest(pattern):
    found = sorted(glob.glob(str(MADE / pattern)), key=os.path.getmtime)
    assert found, f"no {pattern} in {MADE}: ./dev package"
    return Path(found[-1])


BUNDLE = newest(f"vigia-*-linux-{platform.machine()}.tar.gz")
DEB = newest("vigia_*.deb")


def note(figure):
    """A figure for docs/TESTING.md; packages.py shows them all in the end."""
    with open(FIGURES, "a", encoding="utf-8") as file:
        file.write(figure + "\n")
