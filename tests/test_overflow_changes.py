"""What happens to an overflow when its surroundings change: the exporter, another exporter beside it, the room on its disk, a sudden end."""

from durable import arrived_numbers, metric, send_numbered
from returning_backend import ReturningBackend
from test_overflow import config_of, config_with, exporter_of, overflow_directory, overflow_files, overflow_items
from waiting import wait_until


def wait_for_all(backend, numbers, deadline_s=60):
    wait_until(lambda: set(arrived_numbers(backend)) == set(numbers), "everything has arrived", deadline_s)


def wait_until_empty(process, exporter="otlp"):
    wait_until(lambda: overflow_items(process, exporter) == 0, "the overflow is empty")


def wait_until_most_is_moved(process, items, exporter="otlp"):
    wait_until(lambda: overflow_items(process, exporter) >= items * 0.9, "nearly all is in the overflow")


def test_a_reload_takes_the_overflow_to_the_new_endpoint(durable, backend):
    process = durable.start(config_of(durable, backend))
    send_numbered(process, range(300))
    wait_until_most_is_moved(process, 300)
    with ReturningBackend(is_there=True) as elsewhere:
        process.reload(config_of(durable, elsewhere))
        wait_for_all(elsewhere, range(300))
        wait_until_empty(process)
        assert not arrived_numbers(backend)
        process.stop()


def test_a_reload_that_changes_the_overflow_loses_nothing_of_it(durable, backend):
    process = durable.start(config_of(durable, backend, replay_items_per_second=20))
    send_numbered(process, range(300))
    wait_until_most_is_moved(process, 300)
    backend.come()
    wait_until(lambda: len(arrived_numbers(backend)) >= 20, "the replay is under way", 30)
    process.reload(config_of(durable, backend, replay_items_per_second=2000))
    wait_for_all(backend, range(300), 30)
    wait_until_empty(process)
    process.stop()


def test_two_exporters_of_a_pipeline_have_an_overflow_each(durable, backend):
    with ReturningBackend() as other:
        process = durable.start(config_with(durable, {"otlp/a": exporter_of(backend), "otlp/b": exporter_of(other)}))
        send_numbered(process, range(300))
        for exporter in ("otlp/a", "otlp/b"):
            wait_until_most_is_moved(process, 300, exporter)
        assert len({path.parent for path in overflow_files(durable)}) == 2
        backend.come()
        wait_for_all(backend, range(300))
        wait_until_empty(process, "otlp/a")
        assert overflow_items(process, "otlp/b") >= 270, "the other's is untouched"
        assert not arrived_numbers(other)
        other.come()
        wait_for_all(other, range(300))
        wait_until_empty(process, "otlp/b")
        assert set(arrived_numbers(backend)) == set(range(300))
        process.stop()


def journal_items(process):
    return metric(process, "vigia_exporter_queue_items", exporter="otlp")


def test_what_a_full_overflow_has_no_room_for_stays_in_the_journal_and_arrives(durable, backend):
    """3 MB of spans, and room for 1 MiB in the overflow."""
    config = config_with(durable, {"otlp": exporter_of(backend, 10_000)}, max_size_mib=1)
    process = durable.start(config)
    send_numbered(process, range(3000), padding=1000)
    process.wait_for_log("the overflow does not take data that could not be delivered")
    moved = wait_until(lambda: overflow_items(process), "something has been moved")
    assert journal_items(process) >= 3000 - moved - 50, "the rest is in the journal"
    assert sum(path.stat().st_size for path in overflow_files(durable)) < 1.1 * 2**20
    backend.come()
    wait_for_all(backend, range(3000))
    wait_until_empty(process)
    wait_until(lambda: journal_items(process) == 0, "the journal wants nothing any more")
    process.stop()


def test_a_reload_gives_a_full_overflow_more_room(durable, backend):
    process = durable.start(config_with(durable, {"otlp": exporter_of(backend, 10_000)}, max_size_mib=1))
    send_numbered(process, range(3000), padding=1000)
    process.wait_for_log("the overflow does not take data that could not be delivered")
    process.reload(config_with(durable, {"otlp": exporter_of(backend, 10_000)}, max_size_mib=100))
    wait_until_most_is_moved(process, 3000)
    backend.come()
    wait_for_all(backend, range(3000))
    process.stop()


def test_kills_in_the_midst_of_a_replay_lose_nothing(durable, backend):
    config = config_of(durable, backend, replay_items_per_second=200)
    process = durable.start(config)
    send_numbered(process, range(500))
    wait_until_most_is_moved(process, 500)
    backend.come()
    for _ in range(3):
        before = len(arrived_numbers(backend))
        wait_until(lambda: len(arrived_numbers(backend)) > before + 50, "the replay goes on", 30)
        assert overflow_items(process) > 0
        process.kill()
        process = durable.start(config)
    wait_for_all(backend, range(500))
    wait_until_empty(process)
    wait_until(lambda: sum(path.stat().st_size for path in overflow_directory(durable).rglob("*.journal")) < 1_000_000, "no disk space is kept")
    process.stop()
