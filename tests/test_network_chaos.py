"""A durable exporter behind a network that misbehaves: whatever was answered with OK arrives once the network is healthy."""

import random

import pytest

from durable import arrived_numbers, durable_exporter, send_numbered
from misbehaving_proxy import BEHAVIOURS, MisbehavingProxy
from otlp_sinks import GrpcSink, HttpSink
from waiting import wait_until

TIMEOUT_S = 0.5  # of one try of the exporter's
PADDING = 2000  # makes requests of 20 KB, which reach the proxy in more than one piece


@pytest.fixture(params=["grpc", "http"])
def network(request):
    """A backend, the proxy before it, and the exporter's section for it."""
    with (GrpcSink() if request.param == "grpc" else HttpSink()) as sink:
        with MisbehavingProxy(sink.endpoint if request.param == "grpc" else sink.url) as proxy:
            endpoint = proxy.address if request.param == "grpc" else f"http://{proxy.address}"
            exporter = durable_exporter(endpoint, timeout=f"{round(TIMEOUT_S * 1000)}ms")
            yield sink, proxy, {"otlp" if request.param == "grpc" else "otlphttp": exporter}


def has_misbehaved(proxy, behaviour):
    if behaviour == "hangs":
        return proxy.longest_hold_s > 3 * TIMEOUT_S
    return proxy.misbehaved[behaviour] >= 3


def expect_all(sink, count, deadline_s=30):
    def missing():
        return set(range(count)) - set(arrived_numbers(sink))

    wait_until(lambda: not missing(), "everything that was answered with OK has arrived", deadline_s)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_what_was_answered_arrives_through_a_network_that(durable, network, behaviour):
    sink, proxy, exporters = network
    process = durable.start(durable.config(exporters))
    send_numbered(process, range(50), padding=PADDING)
    expect_all(sink, 50)
    proxy.behave(behaviour)
    send_numbered(process, range(50, 150), padding=PADDING)
    wait_until(lambda: has_misbehaved(proxy, behaviour), f"the network {behaviour} often enough")
    send_numbered(process, range(150, 200), padding=PADDING)
    proxy.behave("healthy")
    expect_all(sink, 200)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_answered_arrives_through_a_network_that_changes_while_the_program_is_killed(durable, network, seed):
    sink, proxy, exporters = network
    config = durable.config(exporters)
    chance = random.Random(seed)
    behaviours = [*BEHAVIOURS, "healthy"]
    process = durable.start(config)
    for step in range(12):
        proxy.behave(chance.choice(behaviours))
        send_numbered(process, range(50 * step, 50 * (step + 1)), padding=PADDING)
        if step % 4 == 3:
            process.kill()
            process = durable.start(config)
    proxy.behave("healthy")
    expect_all(sink, 600)
