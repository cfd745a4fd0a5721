"""Waiting for a condition with a deadline: how tests here never sleep for luck."""

import threading
import time


def wait_until(condition, what, deadline_s=20.0):
    """The first true value of condition(); fails with `what` when the deadline passes."""
    pause = threading.Event()
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        pause.wait(0.01)
