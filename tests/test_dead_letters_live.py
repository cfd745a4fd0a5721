"""What a backend refuses for good is set aside to the item, outlives the program, and is delivered once somebody sends it again."""

import json

import pytest

from durable import arrived_numbers, metric, numbers_in, send_numbered
from otlp_sinks import GrpcSink
from vigia_process import run_vigia
from waiting import wait_until


@pytest.fixture
def picky():
    """Does not take span number 17."""
    with GrpcSink() as sink:
        sink.refuses = lambda request: 17 in numbers_in(request)
        yield sink


def letters(durable):
    done = run_vigia("admin", "dead-letters", "list", "--json", "--storage", durable.directory)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def admin(durable, *words):
    done = run_vigia("admin", "dead-letters", *words, "--storage", durable.directory)
    assert done.returncode == 0, done.stderr


def test_only_the_bad_item_is_set_aside_and_may_be_sent_again(durable, picky):
    config = durable.config({"otlp": picky.endpoint})
    process = durable.start(config)
    send_numbered(process, range(60), per_request=30)
    picky.wait_for("traces", 59)
    wait_until(lambda: letters(durable), "the bad span is a dead letter")
    wait_until(lambda: metric(process, "otelcol_exporter_queue_size") == 0, "nothing waits any more")
    assert arrived_numbers(picky) == [number for number in range(60) if number != 17]
    (letter,) = letters(durable)
    assert letter["items"] == 1
    assert "something in it that I do not take" in letter["reason"]
    process.stop()  # a kill could forget what was released a moment ago

    process = durable.start(config)
    assert len(letters(durable)) == 1
    picky.refuses = lambda request: False
    admin(durable, "resend", "--all")
    picky.wait_for("traces", 60)
    assert arrived_numbers(picky) == list(range(60))
    wait_until(lambda: not list(durable.directory.rglob("*.dead")), "the letter is gone")


def test_what_is_refused_again_is_a_dead_letter_again(durable, picky):
    process = durable.start(durable.config({"otlp": picky.endpoint}))
    send_numbered(process, range(17, 18))
    (first,) = wait_until(lambda: letters(durable), "the bad span is a dead letter")
    admin(durable, "resend", "--all")
    (second,) = wait_until(lambda: [one for one in letters(durable) if one["name"] != first["name"]], "it is set aside again")
    assert second["items"] == 1


def test_after_a_reload_they_bear_the_pipelines_new_name(durable, picky):
    config = durable.config({"otlp": picky.endpoint})
    process = durable.start(config)
    pipelines = config["service"]["pipelines"]
    pipelines["traces/new"] = pipelines.pop("traces")
    process.reload(config)
    send_numbered(process, range(17, 18))
    (letter,) = wait_until(lambda: letters(durable), "the bad span is a dead letter")
    assert letter["pipeline"] == "traces/new"
    picky.refuses = lambda request: False
    admin(durable, "resend", "--all")
    picky.wait_for("traces", 1)
