"""A small queue that drops its oldest: newcomers are always taken, and what arrives in the end is the newest."""

import pytest

from durable import arrived_numbers, durable_exporter, metric, send_numbered
from waiting import wait_until

SENT = 2_000


@pytest.mark.parametrize("queue", [{"queue_size": 20}, {"queue_size": 200, "sizer": "items"}, {"queue_size": 20_000, "sizer": "bytes"}],
                         ids=["requests", "items", "bytes"])
def test_the_newest_stay(durable, backend, queue):
    process = durable.start(durable.config({"otlp": durable_exporter(backend.endpoint, when_full="drop_oldest", **queue)}))
    send_numbered(process, range(SENT))
    waiting = metric(process, "vigia_exporter_queue_items", exporter="otlp")
    dropped = metric(process, "vigia_exporter_queue_dropped_items", exporter="otlp", reason="queue_full")
    assert waiting + dropped == SENT
    assert dropped > SENT / 2
    backend.come()
    backend.wait_for("traces", waiting)
    wait_until(lambda: metric(process, "vigia_exporter_queue_items", exporter="otlp") == 0, "the queue is empty")
    numbers = arrived_numbers(backend)
    assert len(numbers) == waiting, "what is counted as dropped does not arrive, and nothing arrives twice"
    # What was under way when the queue was full is older; behind it only the newest are left.
    newest = [number for number in numbers if number >= SENT - waiting / 2]
    assert newest == list(range(newest[0], SENT))
    assert len(newest) >= waiting * 0.4
