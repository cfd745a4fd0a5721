"""Who said what about which span: what the sender was told OK for, what arrived and when, when lives ended and the backend left."""

import threading
import time
from array import array
from bisect import bisect_left
from collections import Counter

from durable import numbers_in

SPANS = 50  # of a request; request r has the numbers from r * SPANS on
OUTAGE_S = 2.0  # what arrived so shortly before the backend left may not have been answered any more
GRACE_S = 0.5  # what was under way when an end came may be recorded so much later


class Books:
    def __init__(self, now=time.monotonic):
        self._now = now
        self._lock = threading.Lock()
        self._is_acknowledged = bytearray()  # by request
        self._arrived_of = bytearray()  # by request: how many different spans
        self._last_arrival = array("d")  # by span; 0: none
        self._pending = set()  # requests that were acknowledged and have not arrived whole
        self._duplicates = []  # (number, when it had arrived, when it arrived again)
        self._kills, self._outages = [], []  # when
        self._acknowledged = self._refused = self._arrived_spans = self._arrived_requests = 0

    # --- What the sender tells ---

    def new_request(self):
        """The number of a request that is about to be sent."""
        with self._lock:
            self._is_acknowledged.append(0)
            self._arrived_of.append(0)
            self._last_arrival.extend([0.0] * SPANS)
            return len(self._is_acknowledged) - 1

    def acknowledged(self, request):
        with self._lock:
            self._is_acknowledged[request] = 1
            self._acknowledged += 1
            if self._arrived_of[request] < SPANS:
                self._pending.add(request)

    def refused(self, _request):
        """Or not answered: it may arrive or not."""
        with self._lock:
            self._refused += 1

    # --- What happens to the program and to the backend ---

    def record(self, received):
        numbers, now = numbers_in(received.message), self._now()
        with self._lock:
            self._arrived_requests += 1
            for number in numbers:
                self._note_arrival(number, now)

    def _note_arrival(self, number, now):
        before, self._last_arrival[number] = self._last_arrival[number], now
        if before:
            self._duplicates.append((number, before, now))
            return
        self._arrived_spans += 1
        request = number // SPANS
        self._arrived_of[request] += 1
        if self._arrived_of[request] == SPANS:
            self._pending.discard(request)

    def killed(self):
        with self._lock:
            self._kills.append(self._now())

    def backend_left(self):
        with self._lock:
            self._outages.append(self._now())

    # --- What it comes to ---

    def missing_count(self):
        return len(self._pending)

    def arrived_requests(self):
        return self._arrived_requests

    def progress(self):
        with self._lock:
            return (f"{self._acknowledged * SPANS:,} spans answered OK, {self._refused * SPANS:,} refused or without an answer, "
                    f"{self._arrived_spans:,} arrived, {len(self._duplicates):,} again, {len(self._outages)} outages of the backend")

    def lost(self):
        """The numbers of spans that were acknowledged and never arrived."""
        return [number for request in sorted(self._pending) for number in range(request * SPANS, (request + 1) * SPANS)
                if not self._last_arrival[number]]

    def _reason(self, before, again):
        """What made a duplicate: ("kill" or "outage", which of them, how long before it the span had arrived); None when nothing did."""
        outage = bisect_left(self._outages, before - GRACE_S)
        if outage < len(self._outages) and self._outages[outage] <= min(again, before + OUTAGE_S):
            return "outage", outage, self._outages[outage] - before
        kill = bisect_left(self._kills, before - GRACE_S)
        if kill < len(self._kills) and self._kills[kill] <= again:
            return "kill", kill, self._kills[kill] - before
        return None

    def duplicates_per_kill(self):
        reasons = (self._reason(before, again) for _, before, again in self._duplicates)
        return Counter(reason[1] for reason in reasons if reason and reason[0] == "kill")

    def duplicates_of_outages(self):
        return sum(1 for _, before, again in self._duplicates if (reason := self._reason(before, again)) and reason[0] == "outage")

    def unexplained_duplicates(self, late_s):
        """Numbers that arrived again in the same life, or that had arrived long before it ended."""
        reasons = ((number, self._reason(before, again)) for number, before, again in self._duplicates)
        return [number for number, reason in reasons if reason is None or (reason[0] == "kill" and reason[2] > late_s)]
