"""A program whose log is rotated while it writes."""

import os
import shutil
import threading


class RotatingWriter(threading.Thread):
    """Writes numbered lines and rotates as logrotate does, by renaming, or by copying and cutting; keeps so many old files."""

    def __init__(self, folder, count, per_file, kept, *, copies=False, pause_s=0.0):
        """`pause_s` between a thousand lines and the next."""
        super().__init__(daemon=True)
        self.folder = folder
        self.count = count
        self.per_file = per_file
        self.kept = kept
        self.copies = copies
        self.pause_s = pause_s
        self.written = 0

    def run(self):
        pause, file = threading.Event(), None
        for first in range(0, self.count, self.per_file):
            # Who copies and cuts does so under a writer that goes on with what it has open.
            file = file or open(self.folder / "app.log", "a", encoding="utf-8")
            for begin in range(first, min(first + self.per_file, self.count), 1000):
                file.write("".join(f"{number} {'x' * (1 + number % 150)}\n" for number in range(begin, min(begin + 1000, self.count))))
                file.flush()
                self.written += 1000
                pause.wait(self.pause_s)
            if not self.copies:
                file = file.close()
            self.rotate()
        if file:
            file.close()

    def rotate(self):
        for number in range(self.kept, 0, -1):
            if (self.folder / f"app.log.{number}").exists():
                os.rename(self.folder / f"app.log.{number}", self.folder / f"app.log.{number + 1}")
        (self.folder / f"app.log.{self.kept + 1}").unlink(missing_ok=True)
        if self.copies:
            shutil.copyfile(self.folder / "app.log", self.folder / "app.log.1")
            os.truncate(self.folder / "app.log", 0)
        else:
            os.rename(self.folder / "app.log", self.folder / "app.log.1")
