"""A durable exporter whose backend is known by name, while the name's addresses, its name servers and the hosts file change: it finds the
backend again without a restart and within a stated time, what was answered with OK arrives, and nobody is asked more often than needed.

What the times are made of: a retry (0.2 s here), the second for which an answer about a name holds, a try's timeout (0.5 s here), for gRPC
the time for a sign of life (1 s here) and up to 2 s until it is looked at; a silent name server is asked again after 1, 2 and 4 s.
"""

import os
import time

import pytest

from durable import arrived_numbers, durable_exporter, send_numbered
from misbehaving_proxy import MisbehavingProxy
from name_server import FAILURES, NAME, NameServer
from otlp_sinks import GrpcSink, HttpSink, Sink
from own_names import own_names  # noqa: F401
from waiting import wait_until

TIMEOUT_S = 0.5
FOUND_S = 5  # after the old address refuses, or a name server that answered all the time has another answer
FOUND_AFTER_SILENCE_S = 10  # after the old address, or the name server, said nothing at all
LOOPS = len(os.sched_getaffinity(0))  # each asks for itself


class Places:
    """One port of two addresses, 127.0.0.1 behind a network that misbehaves, 127.0.0.2 in good health, and what arrived at either."""

    def __init__(self, protocol):
        self.arrived = Sink()
        front = GrpcSink if protocol == "grpc" else HttpSink
        self._behind = front(record=self.arrived.record)
        self.old = MisbehavingProxy(self._behind.endpoint if protocol == "grpc" else self._behind.url)
        port = self.old.address.rsplit(":", 1)[1]
        self.new = front(address=f"127.0.0.2:{port}", record=self.arrived.record)
        endpoint = f"{NAME}:{port}" if protocol == "grpc" else f"http://{NAME}:{port}"
        section = durable_exporter(endpoint, timeout=f"{round(TIMEOUT_S * 1000)}ms")
        if protocol == "grpc":
            section["keepalive"] = {"time": "60s", "timeout": "1s"}
        self.exporters = {"otlp" if protocol == "grpc" else "otlphttp": section}

    def expect(self, count, deadline_s):
        def missing():
            return set(range(count)) - set(arrived_numbers(self.arrived))

        wait_until(lambda: not missing(), f"all of {count} spans have arrived", deadline_s)

    def close(self):
        self.old.die()
        self._behind.close()
        self.new.close()


def opened(protocol):
    places = Places(protocol)
    yield places
    places.close()


@pytest.fixture(params=["grpc", "http"])
def places(request):
    yield from opened(request.param)


@pytest.fixture
def http_places():
    yield from opened("http")


@pytest.fixture
def start(durable, own_names):  # noqa: F811
    """Starts the program with name servers of the test's."""

    def start_with(exporters, *servers):
        own_names.name_servers(*servers)
        durable.launcher = own_names.launcher
        return durable.start(durable.config(exporters))

    return start_with


@pytest.mark.parametrize("end", ["dies", "hangs"])
def test_a_backend_that_moves_is_found_when_the_old_one(start, places, end):
    with NameServer(["127.0.0.1"]) as names:
        process = start(places.exporters, names)
        send_numbered(process, range(50))
        places.expect(50, 20)
        names.answer = ["127.0.0.2"]
        places.old.die() if end == "dies" else places.old.behave("hangs")
        send_numbered(process, range(50, 100))
        places.expect(100, FOUND_S if end == "dies" else FOUND_AFTER_SILENCE_S)


@pytest.mark.parametrize("sickness", ["dies", "refuses", "hangs"])
def test_one_of_two_addresses_is_enough_when_the_other(start, places, sickness):
    """Whether that one has worked before or not."""
    with NameServer(["127.0.0.1", "127.0.0.2"]) as names:
        process = start(places.exporters, names)
        send_numbered(process, range(50))
        places.expect(50, 20)
        places.old.die() if sickness == "dies" else places.old.behave(sickness)
        send_numbered(process, range(50, 100))
        places.expect(100, FOUND_AFTER_SILENCE_S)
        process.stop()
        process = start(places.exporters, names)
        send_numbered(process, range(100, 150))
        places.expect(150, FOUND_AFTER_SILENCE_S)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_name_that_nobody_knows_for_a_while_loses_nothing_with(start, places, failure):
    with NameServer(failure) as names:
        process = start(places.exporters, names)
        send_numbered(process, range(50))
        wait_until(lambda: names.asked() >= 2, "the name server has been asked more than once")
        process.kill()
        process = start(places.exporters, names)
        send_numbered(process, range(50, 100))
        process.wait_for_log("the name servers have not answered" if failure == "silence" else f"cannot look up {NAME}")
        names.answer = ["127.0.0.1"]
        places.expect(100, FOUND_AFTER_SILENCE_S if failure == "silence" else FOUND_S)
        names.answer = failure
        places.old.die()
        asked = names.asked()
        send_numbered(process, range(100, 150))
        wait_until(lambda: names.asked() >= asked + 2, "the name server has been asked again")
        names.answer = ["127.0.0.2"]
        places.expect(150, FOUND_AFTER_SILENCE_S if failure == "silence" else FOUND_S)


def test_a_name_server_that_is_silent_does_not_hide_the_next(start, http_places):
    with NameServer("silence") as silent, NameServer(["127.0.0.2"]) as living:
        process = start(http_places.exporters, silent, living)
        send_numbered(process, range(50))
        http_places.expect(50, FOUND_AFTER_SILENCE_S)


def test_other_name_servers_are_taken_without_a_restart(start, own_names, http_places):  # noqa: F811
    """A machine may get its network, and with it its name servers, after the program has started, and change both later."""
    with NameServer("silence") as silent, NameServer(["127.0.0.2"]) as living:
        process = start(http_places.exporters, silent)
        send_numbered(process, range(50))
        wait_until(lambda: silent.asked() >= 1, "the first name server has been asked")
        own_names.name_servers(living)
        http_places.expect(50, 2 * FOUND_AFTER_SILENCE_S)  # the question to the old one is waited for


def test_a_changed_hosts_file_is_seen(start, own_names, places):  # noqa: F811
    with NameServer("NXDOMAIN") as names:
        own_names.hosts(backend_test="127.0.0.1")
        process = start(places.exporters, names)
        send_numbered(process, range(50))
        places.expect(50, 20)
        own_names.hosts(backend_test="127.0.0.2")
        places.old.die()
        send_numbered(process, range(50, 100))
        places.expect(100, FOUND_S)


def most_questions(seconds):
    """One a second for each loop, and where the seconds are cut."""
    return LOOPS * (seconds + 2)


def test_a_backend_that_closes_every_connection_makes_no_storm_of_questions(start, http_places):
    http_places.new.closes = True
    with NameServer(["127.0.0.2"]) as names:
        process = start(http_places.exporters, names)
        begin = time.monotonic()
        send_numbered(process, range(300), per_request=1)
        http_places.expect(300, 20)
        assert names.asked() <= most_questions(time.monotonic() - begin), f"{names.asked()} questions for 300 requests"


def test_an_unknown_name_makes_no_storm_of_questions(start, http_places):
    section = http_places.exporters["otlphttp"]
    section["circuit_breaker"] = {"enabled": False}
    section["retry_on_failure"] = {"initial_interval": "10ms", "max_interval": "10ms", "max_elapsed_time": "0s"}
    with NameServer("NXDOMAIN") as names:
        process = start(http_places.exporters, names)
        begin = time.monotonic()
        send_numbered(process, range(50), per_request=1)
        wait_until(lambda: time.monotonic() - begin > 2, "two seconds of tries")
        assert 1 <= names.asked() <= most_questions(time.monotonic() - begin)
        names.answer = ["127.0.0.2"]
        http_places.expect(50, FOUND_S)
