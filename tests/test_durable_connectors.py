"""A durable pipeline that leads to another one through a connector: what was answered reaches the exporters of both."""

import json
import threading

import grpc
import pytest

from durable import Client, arrived_numbers, durable_exporter, metric, numbered_spans, send_numbered
from test_durable import ReturningBackend
from vigia_process import run_vigia
from waiting import wait_until

REQUESTS = 50


def letters(durable):
    done = run_vigia("admin", "dead-letters", "list", "--json", "--storage", durable.directory)
    return [json.loads(line) for line in done.stdout.splitlines()]


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
        (letter,) = wait_until(lambda: letters(durable), "the request is a dead letter")
        assert (letter["exporter"], letter["pipeline"], letter["items"]) == ("forward", "traces", 10)
        assert "larger than the whole sending queue" in letter["reason"]
        wait_until(lambda: metric(process, "vigia_exporter_queue_items", exporter="forward") == 0, "nothing waits any more")


@pytest.mark.parametrize("queue", [{"queue_size": 5}, {"queue_size": 6_000, "sizer": "bytes"}], ids=["requests", "bytes"])
def test_a_receiver_of_two_pipelines_gives_none_what_the_other_has_no_room_for(durable, backend, queue):
    """The journal of one is full: the queue in memory of the other does not get the same request with every try."""
    with ReturningBackend(is_there=True) as near:
        config = durable.config({"otlp/far": durable_exporter(backend.endpoint, **queue)})
        forgetful = durable_exporter(near.endpoint)
        del forgetful["sending_queue"]["storage"]
        config["exporters"]["otlp/near"] = forgetful
        config["service"]["pipelines"] = {
            "traces/far": {"receivers": ["otlp"], "exporters": ["otlp/far"]},
            "traces/near": {"receivers": ["otlp"], "exporters": ["otlp/near"]}}
        process = durable.start(config)
        taken = 0
        with Client(process) as client:
            with pytest.raises(grpc.RpcError, match="sending queue is full"):
                while taken < 200:
                    client.send(numbered_spans(taken, 10))
                    taken += 10
            for _ in range(3):
                with pytest.raises(grpc.RpcError, match="sending queue is full"):
                    client.send(numbered_spans(taken, 10))
        backend.come()
        backend.wait_for("traces", taken)
        send_numbered(process, range(taken, taken + 10))
        near.wait_for("traces", taken + 10)
        assert arrived_numbers(near) == list(range(taken + 10)), "each once"


def test_a_connector_to_two_pipelines_waits_for_the_slower_one_and_gives_the_other_nothing_twice(durable, backend):
    with ReturningBackend(is_there=True) as near, ReturningBackend(is_there=True) as third:
        config = two_pipelines(durable, near, backend, queue_size=5)
        config["exporters"]["otlp/third"] = durable_exporter(third.endpoint)
        config["service"]["pipelines"]["traces/third"] = {"receivers": ["forward"], "exporters": ["otlp/third"]}
        process = durable.start(config)
        send_numbered(process, range(300))
        near.wait_for("traces", 300)
        wait_until(lambda: metric(process, "vigia_exporter_queue_items", exporter="otlp/far") == 50, "the queue behind the connector is full")
        third.wait_for("traces", 50)
        threading.Event().wait(2.5)  # two more tries
        assert len(arrived_numbers(third)) - len(set(arrived_numbers(third))) <= 20, "what was under way when it became full, and no more"
        backend.come()
        wait_until(lambda: set(arrived_numbers(backend)) == set(range(300)), "everything has arrived at one", 60)
        wait_until(lambda: set(arrived_numbers(third)) == set(range(300)), "and at the other", 60)
        assert arrived_numbers(near) == list(range(300)), "each once"


def test_what_a_pipeline_between_two_durable_ones_cannot_hand_on_for_good_is_a_dead_letter(durable, backend):
    """Its batch makes something that the last queue can never hold; the first journal still has the pieces."""
    with ReturningBackend(is_there=True) as near:
        config = two_pipelines(durable, near, backend, queue_size=15, sizer="items")
        config["processors"] = {"batch": {"timeout": "200ms", "send_batch_size": 20}}
        config["connectors"]["forward/2"] = None
        pipelines = config["service"]["pipelines"]
        pipelines["traces/second"] = {"receivers": ["forward"], "processors": ["batch"], "exporters": ["forward/2"]}
        pipelines["traces/third"] = {"receivers": ["forward/2"], "exporters": ["otlp/far"]}
        process = durable.start(config)
        send_numbered(process, range(20))
        near.wait_for("traces", 20)
        (letter,) = wait_until(lambda: letters(durable), "the batch is a dead letter")
        assert (letter["exporter"], letter["pipeline"], letter["items"]) == ("forward", "traces", 20)
        wait_until(lambda: metric(process, "vigia_exporter_queue_items", exporter="forward") == 0, "nothing waits any more")
