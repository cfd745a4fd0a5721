"""A durable pipeline that leads to another one through a connector: what was answered reaches the exporters of both."""

import json

import grpc
import pytest

from durable import Client, arrived_numbers, durable_exporter, metric, numbered_spans, send_numbered
from test_durable import ReturningBackend
from vigia_process import run_vigia
from waiting import wait_until

REQUESTS = 50


def two_pipelines(durable, near, far, **far_queue):
    """otlp → traces → near, and on through a connector → traces/second → far."""
    config = durable.config({"otlp/near": near.endpoint})
    config["exporters"]["otlp/far"] = durable_exporter(far.endpoint, **far_queue)
    config["connectors"] = {"forward": None}
    first = config["service"]["pipelines"]["traces"]
    first["exporters"] = ["otlp/near", "forward"]
    config["service"]["pipelines"] = {
        "traces": first, "traces/second": {"receivers": ["forward"], "exporters": ["otlp/far"]}}
    return config


def test_what_the_second_queue_has_no_room_for_waits_in_the_first(durable, backend):
    with ReturningBackend(is_there=True) as near:
        process = durable.start(two_pipelines(durable, near, backend, queue_size=5))
        send_numbered(process, range(REQUESTS * 10))
        near.wait_for("traces", REQUESTS * 10)
        assert metric(process, "vigia_exporter_queue_items", exporter="otlp/far") == 50
        assert metric(process, "vigia_exporter_queue_items", exporter="forward") == REQUESTS * 10 - 50
        backend.come()
        backend.wait_for("traces", REQUESTS * 10, 60)
        assert set(arrived_numbers(backend)) == set(range(REQUESTS * 10))
        assert arrived_numbers(near) == list(range(REQUESTS * 10)), "each once"


def test_a_kill_loses_nothing_on_the_way_from_one_journal_to_the_other(durable, backend):
    with ReturningBackend(is_there=True) as near:
        config = two_pipelines(durable, near, backend)
        for life in range(3):
            process = durable.start(config)
            send_numbered(process, range(life * 100, (life + 1) * 100), per_request=5)
            process.kill()
        durable.start(config)
        backend.come()
        backend.wait_for("traces", 300)
        wait_until(lambda: set(arrived_numbers(backend)) == set(range(300)), "everything has arrived behind the connector")
        wait_until(lambda: set(arrived_numbers(near)) == set(range(300)), "and before it")


def test_what_the_second_queue_can_never_hold_is_a_dead_letter(durable, backend):
    with ReturningBackend(is_there=True) as near:
        process = durable.start(two_pipelines(durable, near, backend, queue_size=5, sizer="items"))
        send_numbered(process, range(10))
        near.wait_for("traces", 10)

        def letters():
            done = run_vigia("admin", "dead-letters", "list", "--json", "--storage", durable.directory)
            return [json.loads(line) for line in done.stdout.splitlines()]
        (letter,) = wait_until(letters, "the request is a dead letter")
        assert (letter["exporter"], letter["pipeline"], letter["items"]) == ("forward", "traces", 10)
        assert "larger than the whole sending queue" in letter["reason"]
        wait_until(lambda: metric(process, "vigia_exporter_queue_items", exporter="forward") == 0, "nothing waits any more")


def test_a_receiver_of_two_pipelines_gives_none_what_the_other_has_no_room_for(durable, backend):
    """The journal of one is full: the queue in memory of the other does not get the same request with every try."""
    with ReturningBackend(is_there=True) as near:
        config = durable.config({"otlp/far": durable_exporter(backend.endpoint, queue_size=5)})
        forgetful = durable_exporter(near.endpoint)
        del forgetful["sending_queue"]["storage"]
        config["exporters"]["otlp/near"] = forgetful
        config["service"]["pipelines"] = {
            "traces/far": {"receivers": ["otlp"], "exporters": ["otlp/far"]},
            "traces/near": {"receivers": ["otlp"], "exporters": ["otlp/near"]}}
        process = durable.start(config)
        send_numbered(process, range(50))
        near.wait_for("traces", 50)
        with Client(process) as client:
            for _ in range(3):
                with pytest.raises(grpc.RpcError, match="sending queue is full"):
                    client.send(numbered_spans(50, 10))
        backend.come()
        backend.wait_for("traces", 50)
        send_numbered(process, range(50, 60))
        near.wait_for("traces", 60)
        assert arrived_numbers(near) == list(range(60)), "each once"
