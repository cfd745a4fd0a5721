"""Metrics through vigia into real Prometheus and VictoriaMetrics by remote write, and read back from their query API, value by value."""

import math

import pytest

from configurations import forwarding, otlp_receiver
from durable import QUICK_RETRY
from metric_requests import DELTA, NO_RECORDED_VALUE, RESOURCE_LABELS, Metrics, metrics_only, now_ms, send
from services.peers import free_port
from services.prometheus_process import Prometheus, VictoriaMetrics
from waiting import wait_until

V2 = "io.prometheus.write.v2.Request"
RECEIVERS = {
    "prometheus-2": (lambda folder, **more: Prometheus(folder, **more), {}),
    "prometheus-3": (lambda folder, **more: Prometheus(folder, is_current=True, **more), {}),
    "prometheus-3-v2": (lambda folder, **more: Prometheus(folder, is_current=True, **more), {"protobuf_message": V2}),
    "victoria": (lambda folder, **more: VictoriaMetrics(folder, **more), {}),
    "victoria-current": (lambda folder, **more: VictoriaMetrics(folder, is_current=True, **more), {}),
}


def config_for(url, **settings):
    return metrics_only(forwarding({"prometheusremotewrite": {"endpoint": f"{url}/api/v1/write", "retry_on_failure": QUICK_RETRY, **settings}}))


def values_of(store, name, at_ms):
    """{labels besides those of the resource: value} of a metric at a time."""
    if hasattr(store, "flush"):
        store.flush()
    found = {}
    for one in store.query(name, time_s=at_ms / 1000):
        labels = {key: value for key, value in one["metric"].items() if key != "__name__"}
        assert RESOURCE_LABELS.items() <= labels.items(), labels
        rest = tuple(sorted(item for item in labels.items() if item not in RESOURCE_LABELS.items()))
        found[rest] = float(one["value"][1]) if "value" in one else one["histogram"][1]
    return found


def wait_visible(store, name, at_ms):
    """VictoriaMetrics shows what is new after a moment."""
    wait_until(lambda: values_of(store, name, at_ms), f"{name} can be read", 20)


def wait_sent(process, points):
    wait_until(lambda: process.metrics()["otelcol_exporter_sent_metric_points"] >= points, f"{points} points were sent", 30)


@pytest.mark.parametrize("name", RECEIVERS)
def test_every_kind_is_read_back(vigia, tmp_path, name):
    receiver, settings = RECEIVERS[name]
    with receiver(tmp_path / "store") as store:
        process = vigia(config_for(store.url, **settings))
        at = now_ms()
        t = at * 1_000_000
        send(process, Metrics().gauge("cpu.load", 0.25, t, {"cpu": 3, "is.hot": True}, unit="1")
             .counter("system.cpu.time", 12.5, t, unit="s", start_ns=t - 10**9)
             .histogram("http.duration", [0.5, 10, 1000], [1, 2, 3, 4], 99.5, t, {"http.method": "GET"}, unit="ms")
             .summary("queue.wait", {0.5: 1, 0.99: 7.5}, 4, 12, t))
        wait_sent(process, 4)
        wait_visible(store, "cpu_load_ratio", at)
        assert values_of(store, "cpu_load_ratio", at) == {(("cpu", "3"), ("is_hot", "true")): 0.25}
        assert values_of(store, "system_cpu_time_seconds_total", at) == {(): 12.5}
        method = ("http_method", "GET")
        bounds = {float(dict(labels)["le"]): value for labels, value in values_of(store, "http_duration_milliseconds_bucket", at).items()}
        assert bounds == {0.5: 1, 10: 3, 1000: 6, math.inf: 10}
        assert values_of(store, "http_duration_milliseconds_sum", at) == {(method,): 99.5}
        assert values_of(store, "http_duration_milliseconds_count", at) == {(method,): 10}
        assert values_of(store, "queue_wait", at) == {(("quantile", "0.5"),): 1, (("quantile", "0.99"),): 7.5}
        assert values_of(store, "queue_wait_sum", at) == {(): 12}
        assert values_of(store, "queue_wait_count", at) == {(): 4}
        info = store.query("target_info", time_s=at / 1000)
        assert [one["metric"] for one in info] == [{"__name__": "target_info", "host_name": "node-7", **RESOURCE_LABELS}]
        process.stop()


@pytest.mark.parametrize("name", ["prometheus-2", "prometheus-3", "prometheus-3-v2"])
def test_native_histograms_and_exemplars(vigia, tmp_path, name):
    receiver, settings = RECEIVERS[name]
    with receiver(tmp_path / "store") as store:
        process = vigia(config_for(store.url, **settings))
        at = now_ms()
        t = at * 1_000_000
        trace = bytes(range(16))
        send(process, Metrics().exponential("size", 3, 2, -1, [1, 0, 0, 0, 5], 30, t, unit="By")
             .exponential("fine", 20, 0, 1 << 19, [7], 3, t).counter("hits", 3, t, trace_id=trace))
        wait_sent(process, 3)
        histogram = values_of(store, "size_bytes", at)[()]
        base = 2 ** (2 ** -3)
        assert (histogram["count"], histogram["sum"]) == ("8", "30")
        buckets = [(float(low), float(high), count) for _, low, high, count in histogram["buckets"]]
        expected = [(-1e-128, 1e-128, "2"), (base ** -1, base ** 0, "1"), (base ** 3, base ** 4, "5")]
        assert [bucket[2] for bucket in buckets] == [bucket[2] for bucket in expected]
        for bucket, wanted in zip(buckets, expected):
            assert bucket[:2] == pytest.approx(wanted[:2])
        # Scale 20 is finer than schema 8: its bucket lies in the one that ends at 2^(129/256).
        fine = values_of(store, "fine", at)[()]["buckets"]
        assert [(float(low), float(high), count) for _, low, high, count in fine] == [(pytest.approx(2 ** (128 / 256)), pytest.approx(2 ** (129 / 256)), "7")]
        exemplars = store.ask("query_exemplars", query="hits_total", start=at / 1000 - 5, end=at / 1000 + 5)
        assert [(one["labels"], one["value"]) for series in exemplars for one in series["exemplars"]] == [
            ({"trace_id": trace.hex(), "span_id": "02" * 8}, "3")]
        if "v2" in name:
            counted = process.metrics()
            assert counted["otelcol_exporter_prometheusremotewrite_written_histograms"] == 2
            assert counted["otelcol_exporter_prometheusremotewrite_written_exemplars"] == 1
            assert counted["otelcol_exporter_prometheusremotewrite_written_samples"] == 2  # and target_info
        process.stop()


@pytest.mark.parametrize("name", ["prometheus-2", "prometheus-3-v2"])
def test_series_end(vigia, tmp_path, name):
    """A point without a recorded value ends its series at once, not five minutes later."""
    receiver, settings = RECEIVERS[name]
    with receiver(tmp_path / "store") as store:
        process = vigia(config_for(store.url, **settings))
        at = now_ms() - 10_000
        for step, flags in ((0, 0), (1, NO_RECORDED_VALUE)):
            t = (at + step * 1000) * 1_000_000
            send(process, Metrics().gauge("g", 1, t, flags=flags).histogram("h", [1], [1, 1], 2, t, flags=flags)
                 .exponential("e", 2, 0, 0, [1], 1, t, flags=flags))
        wait_sent(process, 6)
        for metric in ("g", "h_bucket", "h_sum", "h_count", "e"):
            assert store.query(metric, time_s=(at + 999) / 1000), metric
            assert not store.query(metric, time_s=(at + 1000) / 1000), metric
        process.stop()


def test_what_has_no_place_is_counted_and_the_rest_goes(vigia, tmp_path):
    with Prometheus(tmp_path / "store") as store:
        process = vigia(config_for(store.url))
        at = now_ms()
        t = at * 1_000_000
        send(process, Metrics().counter("delta", 1, t, temporality=DELTA).gauge("ok", 5, t).gauge("no.time", 1, 0)
             .gauge("twice", 1, t).gauge("twice", 2, t))
        wait_sent(process, 5)
        assert values_of(store, "ok", at) == {(): 5}
        assert values_of(store, "twice", at) == {(): 1}
        assert not store.query('{__name__=~"delta.*|no_time"}', time_s=at / 1000)
        _, text = process.get("metrics", "/metrics")
        counts = {line.split('reason="')[1].split('"')[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                  if line.startswith("vigia_exporter_remote_write_dropped_points_total{")}
        assert counts["temporality"] == 1 and counts["no_time"] == 1 and counts["duplicate"] == 1
        process.stop()


@pytest.mark.parametrize("name", ["prometheus-2", "prometheus-3", "prometheus-3-v2"])
def test_one_series_that_is_refused_does_not_cost_the_others(vigia, tmp_path, name):
    """Prometheus takes nothing of a request of version 1 that has one sample out of order, or a second value for a time."""
    receiver, settings = RECEIVERS[name]
    with receiver(tmp_path / "store") as store:
        process = vigia(config_for(store.url, max_batch_request_parallelism=1, **settings))
        at = now_ms()
        t = at * 1_000_000
        send(process, Metrics().gauge("late", 1, t).gauge("twice", 1, t))
        wait_sent(process, 2)
        metrics = Metrics().gauge("late", 2, t - 60 * 10**9).gauge("twice", 2, t)
        for number in range(50):
            metrics.gauge("good", number, t, {"n": number})
        send(process, metrics)
        wait_sent(process, 54)
        assert values_of(store, "good", at) == {(("n", str(number)),): number for number in range(50)}
        assert values_of(store, "late", at) == {(): 1} and values_of(store, "twice", at) == {(): 1}
        counted = process.metrics()
        assert counted["vigia_exporter_remote_write_refused_samples_total"] == 2
        assert counted["otelcol_exporter_send_failed_metric_points"] == 0
        assert "HTTP 400" in process.log()
        process.stop()


def test_what_is_refused_is_set_aside_whole_where_it_is_kept(durable, tmp_path):
    """With the queue on the disk what is good is written all the same, and nothing is lost."""
    with Prometheus(tmp_path / "store") as store:
        section = {"endpoint": f"{store.url}/api/v1/write", "retry_on_failure": QUICK_RETRY, "sending_queue": {"storage": "file_storage"}}
        process = durable.start(metrics_only(durable.config({"prometheusremotewrite": section}, receiver=otlp_receiver())))
        at = now_ms()
        t = at * 1_000_000
        send(process, Metrics().gauge("late", 1, t))
        wait_sent(process, 1)
        send(process, Metrics().gauge("late", 2, t - 60 * 10**9).gauge("good", 5, t))
        wait_until(lambda: process.metrics()["vigia_exporter_set_aside_items_total"] == 2, "it was set aside")
        assert values_of(store, "good", at) == {(): 5}
        assert process.metrics()["vigia_exporter_remote_write_refused_samples_total"] == 1
        process.stop()


@pytest.mark.parametrize("settings", [{}, {"protobuf_message": V2}], ids=["v1", "v2"])
def test_the_receiver_is_away_and_comes_back(durable, tmp_path, settings):
    """With the queue on the disk: everything is read back, in order, although the receiver refuses what is out of order; also what came
    while it was away, before and after a restart of ours."""
    receiver = {"is_current": bool(settings)}
    port = free_port()
    series, rounds = 20, 120
    section = {"endpoint": f"http://127.0.0.1:{port}/api/v1/write", "retry_on_failure": {**QUICK_RETRY, "max_elapsed_time": "1s"},
               "sending_queue": {"storage": "file_storage"}, **settings}
    config = metrics_only(durable.config({"prometheusremotewrite": section}, receiver=otlp_receiver()))
    process = durable.start(config)
    start = now_ms() - rounds * 1000

    def send_rounds(first, last):
        for number in range(first, last):
            metrics = Metrics()
            for one in range(series):
                metrics.counter("ticks", number * 100 + one, (start + number * 1000) * 1_000_000, {"n": one})
            send(process, metrics)

    with Prometheus(tmp_path / "store", port=port, **receiver) as store:
        send_rounds(0, 20)
        wait_sent(process, 20 * series)
    send_rounds(20, 60)  # nobody is there
    process.stop()
    process = durable.start(config)
    send_rounds(60, 90)
    with Prometheus(tmp_path / "store", port=port, **receiver) as store:
        send_rounds(90, rounds)  # while the old ones are on their way
        wait_until(lambda: process.metrics()["vigia_exporter_queue_items"] == 0, "all was sent", 60)
        found = store.samples("ticks_total", start / 1000 - 1, start / 1000 + rounds)
        assert len(found) == series
        for labels, samples in found.items():
            one = int(dict(labels)["n"])
            assert [float(value) for _, value in samples] == [number * 100 + one for number in range(rounds)]
        counted = process.metrics()
        assert counted["otelcol_exporter_send_failed_metric_points"] == 0
        assert counted["vigia_exporter_set_aside_items_total"] == 0
        assert "out of order" not in store.log() and "out-of-order" not in store.log().lower().replace("out_of_order", "")
        process.stop()
