"""The books of the crash check see what they are for: loss, and duplicates with and without a reason."""

import sys
from pathlib import Path

import pytest

from durable import numbered_spans
from otlp_sinks import Received

sys.path.insert(0, str(Path(__file__).resolve().parent / "checks"))

from crash_books import GRACE_S, OUTAGE_S, SPANS, Books  # noqa: E402

LATE_S = 3.0


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def books(clock):
    return Books(clock)


def arrives(books, request, count=SPANS, skip=0):
    books.record(Received("traces", numbered_spans(request * SPANS + skip, count), {}))


def acknowledged_request(books):
    request = books.new_request()
    books.acknowledged(request)
    return request


def test_what_was_acknowledged_and_did_not_arrive_is_lost(books):
    whole, part, none = (acknowledged_request(books) for _ in range(3))
    books.refused(books.new_request())
    arrives(books, whole)
    arrives(books, part, SPANS - 1, skip=1)
    assert books.missing_count() == 2
    assert books.lost() == [part * SPANS, *range(none * SPANS, (none + 1) * SPANS)]


def test_arriving_before_the_answer_is_no_loss(books):
    request = books.new_request()
    arrives(books, request)
    books.acknowledged(request)
    assert books.missing_count() == 0 and books.lost() == []


def test_duplicates_belong_to_the_kill_between_the_arrivals(books, clock):
    request = acknowledged_request(books)
    books.killed()
    clock.now += 2
    arrives(books, request)
    clock.now += LATE_S - 0.1
    books.killed()
    clock.now += 20
    arrives(books, request, 3)
    assert books.duplicates_per_kill() == {1: 3}
    assert books.duplicates_of_outages() == 0 and books.unexplained_duplicates(LATE_S) == []


def test_duplicates_of_an_outage_are_told_apart(books, clock):
    request = acknowledged_request(books)
    arrives(books, request)
    clock.now += OUTAGE_S - 0.1
    books.backend_left()
    clock.now += 5
    arrives(books, request)
    assert books.duplicates_of_outages() == SPANS
    assert books.duplicates_per_kill() == {} and books.unexplained_duplicates(LATE_S) == []


def test_what_is_recorded_just_after_a_kill_was_under_way(books, clock):
    request = acknowledged_request(books)
    books.killed()
    clock.now += GRACE_S - 0.1
    arrives(books, request)
    clock.now += 1
    arrives(books, request)
    assert books.duplicates_per_kill() == {0: SPANS}


@pytest.mark.parametrize("how", ["in one life", "long before the kill"])
def test_a_duplicate_without_a_reason_is_found(books, clock, how):
    request = acknowledged_request(books)
    arrives(books, request)
    clock.now += LATE_S + 1
    if how == "long before the kill":
        books.killed()
    arrives(books, request, 1)
    assert books.unexplained_duplicates(LATE_S) == [request * SPANS]
