"""What files take on a disk."""

from pathlib import Path


def disk_bytes(folder):
    """Of all files in it, at any depth."""
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # deleted meanwhile: it takes nothing
    return total
