"""What an exporter cannot deliver for long moves to its overflow, makes room in the journal, and arrives when the backend is back."""

import grpc

from durable import Client, arrived_numbers, disk_bytes, durable_exporter, metric, numbered_spans, send_numbered
from waiting import wait_until

QUEUE_ITEMS = 500


def overflow_items(process, exporter="otlp"):
    return metric(process, "vigia_exporter_overflow_items", exporter=exporter, data_type="traces")


def exporter_of(backend, queue_size=QUEUE_ITEMS, **overflow):
    section = durable_exporter(backend.endpoint, sizer="items", queue_size=queue_size)
    section["overflow"] = {"to": "file_storage/overflow", "after": "1s", **overflow}
    return section


def config_with(durable, exporters, **storage):
    config = durable.config(exporters)
    config["extensions"]["file_storage/overflow"] = {"directory": str(overflow_directory(durable)), "create_directory": True, **storage}
    config["service"]["extensions"].append("file_storage/overflow")
    return config


def config_of(durable, backend, **overflow):
    return config_with(durable, {"otlp": exporter_of(backend, **overflow)})


def overflow_directory(durable):
    return durable.folder / "overflow"


def overflow_files(durable):
    return list(overflow_directory(durable).rglob("*.journal"))


def send_patiently(process, numbers):
    """Sends the spans of a range; a full queue is asked again, as its answer says."""
    with Client(process) as client:
        for first in range(numbers.start, numbers.stop, 10):
            def is_taken(request=numbered_spans(first, 10)):
                try:
                    client.send(request)
                except grpc.RpcError:
                    return False
                return True
            wait_until(is_taken, f"there is room for {first}")


def wait_until_moved(process, items):
    wait_until(lambda: overflow_items(process) >= items, f"{items} items are in the overflow")
    wait_until(lambda: metric(process, "vigia_exporter_queue_items", exporter="otlp") == 0, "the journal wants nothing any more")


def test_what_waits_too_long_makes_room_and_arrives_after_a_kill(durable, backend):
    config = config_of(durable, backend)
    process = durable.start(config)
    send_numbered(process, range(QUEUE_ITEMS))
    wait_until_moved(process, 1)
    # Three times what the queue may hold.
    send_patiently(process, range(QUEUE_ITEMS, 3 * QUEUE_ITEMS))
    wait_until(lambda: overflow_items(process) > 2 * QUEUE_ITEMS, "most is in the overflow")
    assert metric(process, "vigia_exporter_overflow_moved_items", exporter="otlp") > 2 * QUEUE_ITEMS
    assert metric(process, "vigia_exporter_overflow_bytes", exporter="otlp") > 0
    assert metric(process, "vigia_exporter_overflow_oldest_age_seconds", exporter="otlp") >= 1
    assert overflow_files(durable)
    process.kill()
    process = durable.start(config)
    assert overflow_items(process) > 0, "known from the start"
    backend.come()
    wait_until(lambda: set(arrived_numbers(backend)) == set(range(3 * QUEUE_ITEMS)), "everything has arrived", 60)
    wait_until(lambda: overflow_items(process) == 0, "the overflow is empty")
    wait_until(lambda: disk_bytes(overflow_directory(durable)) < 1_000_000, "the overflow has given its disk space back")
    process.stop()


def test_the_replay_comes_by_itself_and_does_not_delay_what_is_new(durable, backend):
    """No restart and no new data is needed; and when there is new data, it passes the old."""
    config = config_of(durable, backend, replay_items_per_second=50)
    process = durable.start(config)
    send_numbered(process, range(200))
    wait_until(lambda: overflow_items(process) > 150, "most is in the overflow")
    backend.come()
    wait_until(lambda: arrived_numbers(backend), "the backend has been found", 30)
    send_numbered(process, range(1000, 1100))
    wait_until(lambda: set(range(1000, 1100)) <= set(arrived_numbers(backend)), "what is new has arrived", 10)
    assert overflow_items(process) > 0, "the old comes at its own pace"
    backend_has_all = lambda: set(range(200)) <= set(arrived_numbers(backend))  # noqa: E731
    wait_until(backend_has_all, "the old has arrived, too", 30)
    wait_until(lambda: overflow_items(process) == 0, "the overflow is empty")
    assert metric(process, "vigia_exporter_overflow_replayed_items", exporter="otlp") >= 150
    process.stop()
