"""The date of a program, set ahead and back while it runs: libfaketime stands between it and the kernel. How much time passes stays true."""

from pathlib import Path

import pytest



class SteppedClock:
    def __init__(self, folder):
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        self._library = libraries[0] if libraries else pytest.skip("needs libfaketime: apt install libfaketime")
        self._file = Path(folder) / "clock"
        self.set_ahead(0)

    def environment(self):
        return {"LD_PRELOAD": str(self._library), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
                # The sanitizer wants to be the first library, which it need not be here.
                "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:verify_asan_link_order=0"}

    def set_ahead(self, seconds):
        """By so much before (or, negative, behind) the true time. It is noticed within two seconds."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}\n")
        beside.rename(self._file)
