"""What has been answered with OK survives the end of the program and is delivered, whatever the backend does meanwhile."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from contextlib import ExitStack

import grpc
import pytest
import requests

from configurations import otlp_receiver
from durable import Client, arrived_numbers, durable_exporter, metric, numbered_spans, send_numbered
from otlp_sinks import items, leaves
from returning_backend import ReturningBackend
from telemetry import full_request, sdk_data
from waiting import wait_until

SIGNALS = ("traces", "metrics", "logs")
HTTP_HEADERS = {"Content-Type": "application/x-protobuf"}


def post(process, signal, request):
    return requests.post(f"http://{process.address('otlp_http')}/v1/{signal}", request.SerializeToString(), headers=HTTP_HEADERS, timeout=10)


def queue_size(process, exporter="otlp"):
    return metric(process, "otelcol_exporter_queue_size", exporter=exporter, data_type="traces")


def test_what_was_answered_survives_a_kill(durable, backend):
    """The backend is away, the program is killed and started again, the backend comes: all is there. Nothing had been sent, so once."""
    config = durable.config({"otlp": backend.endpoint})
    first = durable.start(config)
    send_numbered(first, range(0, 500))
    first.kill()
    second = durable.start(config)
    send_numbered(second, range(500, 600))
    backend.come()
    backend.wait_for("traces", 600)
    second.stop()
    assert arrived_numbers(backend) == list(range(600))


def test_it_survives_many_kills(durable, backend):
    config = durable.config({"otlp": backend.endpoint})
    for life in range(4):
        process = durable.start(config)
        send_numbered(process, range(50 * life, 50 * (life + 1)))
        process.kill()
    durable.start(config)
    backend.come()
    backend.wait_for("traces", 200)
    assert arrived_numbers(backend) == list(range(200))


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_field_of_every_signal_survives_a_kill(durable, backend, signal):
    config = durable.config({"otlp": backend.endpoint})
    request = sdk_data(signal)[1] if durable.is_reference else full_request(signal)  # the reference writes some fields differently
    process = durable.start(config)
    assert post(process, signal, request).status_code == 200
    process.kill()
    durable.start(config)
    backend.come()
    assert items(backend.wait_for(signal, len(items([request])))) == items([request])


def test_a_kill_while_the_backend_takes_data_loses_nothing(durable, backend):
    """What was in flight may arrive twice, and no more than that."""
    backend.come()
    config = durable.config({"otlp": backend.endpoint})
    process = durable.start(config)
    send_numbered(process, range(0, 400))
    process.kill()
    process = durable.start(config)
    wait_until(lambda: len(set(arrived_numbers(backend))) == 400, "all have arrived")
    wait_until(lambda: queue_size(process) == 0, "the queue is empty")
    arrived = arrived_numbers(backend)
    assert sorted(set(arrived)) == list(range(400))
    assert all(count <= 2 for count in Counter(arrived).values())


def test_a_stop_with_a_backlog_is_quick_and_keeps_it(durable, backend):
    config = durable.config({"otlp": backend.endpoint})
    process = durable.start(config)
    send_numbered(process, range(300))
    begin = time.monotonic()
    process.stop()
    assert time.monotonic() - begin < 2, "there is nothing to wait for: the data is safe"
    if not durable.is_reference:  # it logs what it failed to send as dropped, and keeps it
        assert '"dropped_items"' not in process.log()
    process = durable.start(config)
    backend.come()
    backend.wait_for("traces", 300)
    wait_until(lambda: queue_size(process) == 0, "the queue is empty")
    process.stop()
    assert arrived_numbers(backend) == list(range(300))


def test_what_was_delivered_before_a_clean_stop_is_not_sent_again(durable, backend):
    backend.come()
    config = durable.config({"otlp": backend.endpoint})
    process = durable.start(config)
    send_numbered(process, range(100))
    backend.wait_for("traces", 100)
    wait_until(lambda: queue_size(process) == 0, "the queue is empty")
    process.stop()
    process = durable.start(config)
    send_numbered(process, range(100, 110))
    backend.wait_for("traces", 110)
    process.stop()
    assert arrived_numbers(backend) == list(range(110))


def refusal_of(process, request):
    """None, or the error of a gRPC client."""
    with Client(process) as client:
        try:
            client.send(request)
        except grpc.RpcError as error:
            return error
    return None


def test_a_full_queue_refuses_so_that_the_sender_comes_back(durable, backend):
    config = durable.config({"otlp": durable_exporter(backend.endpoint, sizer="items", queue_size=100)})
    process = durable.start(config)
    send_numbered(process, range(100))
    error = wait_until(lambda: refusal_of(process, numbered_spans(1000, 10)), "a request more is refused")
    assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
    answer = post(process, "traces", numbered_spans(2000, 10))
    assert answer.status_code in (429, 503)
    if not durable.is_reference:  # it leaves the time to the sender
        assert any(key == "grpc-status-details-bin" and b"google.rpc.RetryInfo" in value for key, value in error.trailing_metadata())
        assert int(answer.headers["Retry-After"]) >= 1
    backend.come()
    wait_until(lambda: refusal_of(process, numbered_spans(3000, 10)) is None, "there is room again")
    backend.wait_for("traces", 110)
    wait_until(lambda: queue_size(process) == 0, "the queue is empty")
    assert arrived_numbers(backend) == [*range(100), *range(3000, 3010)], "what was refused was not kept"


def test_a_full_queue_is_still_full_after_a_kill(durable, backend):
    config = durable.config({"otlp": durable_exporter(backend.endpoint, sizer="items", queue_size=100)})
    process = durable.start(config)
    send_numbered(process, range(100))
    process.kill()
    process = durable.start(config)
    assert refusal_of(process, numbered_spans(1000, 10)) is not None
    backend.come()
    backend.wait_for("traces", 100)
    assert arrived_numbers(backend) == list(range(100))


def test_a_reload_takes_the_backlog_to_the_new_endpoint(durable, backend):
    process = durable.start(durable.config({"otlp": backend.endpoint}))
    send_numbered(process, range(200))
    with ReturningBackend(is_there=True) as other:
        process.reload(durable.config({"otlp": other.endpoint}))
        send_numbered(process, range(200, 210))
        other.wait_for("traces", 210)
        wait_until(lambda: queue_size(process) == 0, "the queue is empty")
        process.stop()
        assert arrived_numbers(other) == list(range(210))
    assert arrived_numbers(backend) == []


def test_a_drained_queue_takes_no_space(durable, backend):
    if durable.is_reference:
        pytest.skip("its file keeps its size until it is compacted")
    process = durable.start(durable.config({"otlp": backend.endpoint}))
    send_numbered(process, range(400), padding=50_000)
    assert durable.disk_bytes() > 19_000_000
    backend.come()
    backend.wait_for("traces", 400)

    def journal_bytes():
        return sum(path.stat().st_size for path in durable.directory.rglob("*.journal"))

    wait_until(lambda: journal_bytes() <= 1 << 20, "the journal's files are gone", 5)
    process.stop()
    assert journal_bytes() <= 1 << 20


@pytest.mark.parametrize("is_restarted", [False, True], ids=["one life", "restarted"])
def test_an_exporter_that_cannot_send_does_not_hold_up_the_other(durable, backend, is_restarted):
    with ReturningBackend(is_there=True) as other:
        config = durable.config({"otlp/away": backend.endpoint, "otlp/there": other.endpoint})
        process = durable.start(config)
        send_numbered(process, range(200))
        other.wait_for("traces", 200)
        wait_until(lambda: queue_size(process, "otlp/there") == 0, "the queue of the one that can send is empty")
        assert queue_size(process, "otlp/away") > 0
        if is_restarted:
            process.stop()
            process = durable.start(config)
        send_numbered(process, range(200, 210))
        other.wait_for("traces", 210)
        backend.come()
        backend.wait_for("traces", 210)
        wait_until(lambda: queue_size(process, "otlp/away") == 0, "the other queue is empty")
        process.stop()
        assert arrived_numbers(backend) == list(range(210))
        assert arrived_numbers(other) == list(range(210)), "each once, too"


def test_a_durable_exporter_and_one_in_memory_share_a_pipeline(durable, backend):
    with ReturningBackend(is_there=True) as other:
        forgetful = durable_exporter(other.endpoint)
        del forgetful["sending_queue"]["storage"]
        config = durable.config({"otlp/away": backend.endpoint, "otlp/forgetful": forgetful})
        process = durable.start(config)
        send_numbered(process, range(100))
        other.wait_for("traces", 100)
        process.kill()
        durable.start(config)
        backend.come()
        backend.wait_for("traces", 100)
        assert arrived_numbers(backend) == list(range(100))
        assert arrived_numbers(other) == list(range(100))


def test_the_metrics_say_what_waits(durable, backend):
    config = durable.config({"otlp": durable_exporter(backend.endpoint, queue_size=5000)})
    process = durable.start(config)
    assert metric(process, "otelcol_exporter_queue_capacity", exporter="otlp", data_type="traces") == 5000
    assert queue_size(process) == 0
    send_numbered(process, range(250))
    assert queue_size(process) == 25, "requests"
    process.kill()
    process = durable.start(config)
    assert queue_size(process) == 25, "known from the start"
    backend.come()
    wait_until(lambda: queue_size(process) == 0, "the queue is empty")
    assert metric(process, "otelcol_exporter_sent_spans", exporter="otlp") == 250


def test_the_metrics_say_what_waits_in_items(durable, backend):
    config = durable.config({"otlp": durable_exporter(backend.endpoint, sizer="items", queue_size=5000)})
    process = durable.start(config)
    assert metric(process, "otelcol_exporter_queue_capacity", exporter="otlp", data_type="traces") == 5000
    send_numbered(process, range(250))
    assert queue_size(process) == 250
    process.kill()
    process = durable.start(config)
    assert queue_size(process) == 250, "known from the start"


TENANTS = {"acme": range(0, 10_000), "zeta": range(10_000, 20_000)}
# The tenant is only in the request's metadata; the processors make an attribute of it and keep tenants apart.
BY_TENANT = {
    "attributes": {"actions": [{"key": "tenant", "from_context": "metadata.x-tenant", "action": "insert"}]},
    "batch": {"timeout": "100ms", "send_batch_size": 50, "metadata_keys": ["x-tenant"]},
}


def send_as_tenants(process, offset):
    """Requests of both in turn, five spans each."""
    with ExitStack() as stack:
        clients = {name: stack.enter_context(Client(process, metadata=(("x-tenant", name),))) for name in TENANTS}
        for first in range(offset, offset + 100, 5):
            for name, client in clients.items():
                client.send(numbered_spans(TENANTS[name].start + first, 5, tenant=name))


def tenants_of(message):
    """All that a request says about whose it is."""
    found = set()
    for group, _, span in leaves(message):
        number = int.from_bytes(span.trace_id, "big")
        found.add(next(name for name, numbers in TENANTS.items() if number in numbers))
        found |= {attribute.value.string_value for attribute in group.resource.attributes if attribute.key == "customer.id"}
        found |= {attribute.value.string_value for attribute in span.attributes if attribute.key == "tenant"} or {"nobody"}
    return found


def test_senders_keep_their_metadata_and_do_not_mix(durable, backend):
    """Backlog of an earlier life and live data of two senders go through the batch processor: each batch is one sender's."""
    receiver = otlp_receiver(grpc={"include_metadata": True})
    config = durable.config({"otlp": backend.endpoint}, BY_TENANT, receiver)
    process = durable.start(config)
    send_as_tenants(process, 0)
    # The reference keeps on disk what has passed its batch processor, so it needs to be asked to end.
    process.stop() if durable.is_reference else process.kill()
    process = durable.start(config)
    send_as_tenants(process, 100)
    backend.come()
    send_as_tenants(process, 200)
    backend.wait_for("traces", 600)
    process.stop()
    assert arrived_numbers(backend) == [numbers.start + n for numbers in TENANTS.values() for n in range(300)]
    for message in backend.messages("traces"):
        assert len(tenants_of(message)) == 1, "one sender's data, with that sender's metadata"


def test_a_stop_does_not_wait_for_a_sender_that_waits_for_room(durable, backend):
    if durable.is_reference:
        pytest.skip("it has no journal in front of its pipelines")
    config = durable.config({"otlp": durable_exporter(backend.endpoint, queue_size=5, block_on_overflow=True)})
    process = durable.start(config)
    send_numbered(process, range(5), per_request=1)
    with Client(process) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.send, numbered_spans(5, 1))
        with pytest.raises(TimeoutError):  # nothing else shows that it waits
            waiting.result(timeout=0.5)
        begin = time.monotonic()
        process.stop()
        assert time.monotonic() - begin < 2
        assert isinstance(waiting.exception(timeout=10), grpc.RpcError)
