"""The prometheus exporter scraped by real Prometheus, of Debian and of today, and read by hand in all its formats."""

import gzip
import urllib.request

import pytest

from configurations import forwarding
from metric_requests import DELTA, NO_RECORDED_VALUE, Metrics, metrics_only, now_ms, send
from services.prometheus_process import Prometheus, scrape_job
from waiting import wait_until

NATIVE = {"scrape_protocols": ["PrometheusProto", "OpenMetricsText1.0.0"], "scrape_native_histograms": True}


def start(vigia, **settings):
    return vigia(metrics_only(forwarding({"prometheus": {"endpoint": "127.0.0.1:0", **settings}})))


def page(process, accept="", encoding=""):
    request = urllib.request.Request(f"http://{process.address('prometheus')}/metrics", headers={"Accept": accept, "Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=10) as response:
        body = response.read()
        return response.headers, gzip.decompress(body) if response.headers["Content-Encoding"] == "gzip" else body


def full():
    t = now_ms() * 1_000_000
    return (Metrics(scope="lib").gauge("cpu.load", 0.25, t, {"cpu": 3}, unit="1").counter("requests", 12, t, unit="1", trace_id=b"\x01" * 16)
            .histogram("http.duration", [0.5, 10], [1, 2, 3], 99.5, t, {"http.method": "GET"}, unit="ms")
            .exponential("size", 3, 2, -1, [1, 0, 0, 0, 5], 30, t, unit="By").summary("queue.wait", {0.5: 1, 0.99: 7.5}, 4, 12, t))


@pytest.mark.parametrize("is_current", [False, True], ids=["debian", "current"])
@pytest.mark.parametrize("has_open_metrics", [False, True], ids=["text", "openmetrics"])
def test_scraped_by_prometheus(vigia, tmp_path, is_current, has_open_metrics):
    process = start(vigia, enable_open_metrics=has_open_metrics)
    send(process, full())
    with Prometheus(tmp_path / "p", [scrape_job("vigia", process.address("prometheus"), honor_labels=True)], is_current) as prometheus:
        prometheus.wait_for('up{job="vigia"} == 1')
        prometheus.wait_for("queue_wait_count")
        assert prometheus.value('cpu_load_ratio{cpu="3",job="eu/shop",instance="i-1",customer_id="acme",otel_scope_name="lib"}') == 0.25
        assert prometheus.value("requests_total") == 12
        buckets = {float(one["metric"]["le"]): float(one["value"][1]) for one in prometheus.query("http_duration_milliseconds_bucket")}
        assert buckets == {0.5: 1, 10: 3, float("inf"): 6}
        assert prometheus.value("http_duration_milliseconds_sum") == 99.5
        # Debian's asks for protobuf first, since it is told to take native histograms.
        assert prometheus.value("size_bytes_count" if is_current else "histogram_count(size_bytes)") == 8
        assert prometheus.value('queue_wait{quantile="0.99"}') == 7.5
        assert prometheus.query("target_info")[0]["metric"]["host_name"] == "node-7"
        types = {name: entries[0]["type"] for name, entries in prometheus.ask("metadata").items()}
        assert types["cpu_load_ratio"] == "gauge" and types["http_duration_milliseconds"] == "histogram"
        assert next(kind for name, kind in types.items() if name in ("requests", "requests_total")) == "counter"
    process.stop()


def test_native_histograms_and_exemplars_are_scraped(vigia, tmp_path):
    process = start(vigia, enable_open_metrics=True)
    send(process, full())
    job = scrape_job("vigia", process.address("prometheus"), honor_labels=True, **NATIVE)
    with Prometheus(tmp_path / "p", [job], is_current=True) as prometheus:
        prometheus.wait_for('up{job="vigia"} == 1')
        histogram = prometheus.wait_for("size_bytes")[0]["histogram"][1]
        assert (histogram["count"], histogram["sum"]) == ("8", "30")
        assert [bucket[3] for bucket in histogram["buckets"]] == ["2", "1", "5"]
        exemplars = wait_until(lambda: prometheus.ask("query_exemplars", query="requests_total", start=0, end=now_ms() / 1000 + 60), "exemplars", 20)
        assert exemplars[0]["exemplars"][0]["labels"] == {"trace_id": "01" * 16, "span_id": "02" * 8}
    process.stop()


def test_names_in_utf8_are_negotiated(vigia, tmp_path):
    process = start(vigia, translation_strategy="NoUTF8EscapingWithSuffixes")
    send(process, Metrics().gauge("débit.réseau", 7, now_ms() * 1_000_000, {"http.méthode": "GET"}, unit="By"))
    with Prometheus(tmp_path / "p", [scrape_job("vigia", process.address("prometheus"))], is_current=True) as prometheus:
        prometheus.wait_for('{"débit.réseau_bytes","http.méthode"="GET"} == 7')
    _, text = page(process, "text/plain;version=0.0.4")
    assert b'd_bit_r_seau_bytes{customer_id="acme",http_m_thode="GET"' in text
    process.stop()


def test_formats(vigia):
    process = start(vigia, enable_open_metrics=True, send_timestamps=True, const_labels={"region": "eu", "customer_id": "nobody"})
    send(process, full())
    headers, text = page(process)
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4; charset=utf-8")
    assert b'region="eu"' in text and b'customer_id="acme"' in text and b"nobody" not in text
    headers, text = page(process, "application/openmetrics-text;version=1.0.0", "gzip")
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0") and headers["Content-Encoding"] == "gzip"
    assert text.endswith(b"# EOF\n") and b"# TYPE requests counter\n" in text and b'# {span_id="0202020202020202",trace_id="01' in text
    process.stop()


def test_deltas_add_up_and_series_end(vigia):
    process = start(vigia, metric_expiration="1s")
    step = 10**9
    base = now_ms() * 1_000_000
    for number in range(3):
        send(process, Metrics(resource={}).counter("d", 5, base + (number + 1) * step, start_ns=base + number * step, temporality=DELTA)
             .gauge("g", number, base + number * step, flags=NO_RECORDED_VALUE if number == 2 else 0))
    _, text = page(process)
    assert b"\nd_total 15\n" in text and b"\ng" not in text.replace(b"# ", b"")
    wait_until(lambda: page(process)[1] == b"", "everything has expired", 10)
    wait_until(lambda: process.metrics()["vigia_exporter_prometheus_series"] == 0, "and is forgotten", 10)
    process.stop()


def test_a_url_means_remote_write(vigia, tmp_path):
    with Prometheus(tmp_path / "p") as prometheus:
        process = vigia(metrics_only(forwarding({"prometheus": {"endpoint": prometheus.url}})))
        send(process, Metrics().gauge("written", 3, now_ms() * 1_000_000))
        prometheus.wait_for("written == 3")
        process.stop()


def test_a_reload_keeps_the_address(vigia, tmp_path):
    from services.peers import free_port
    import signal
    import yaml

    endpoint = f"127.0.0.1:{free_port()}"
    config = metrics_only(forwarding({"prometheus": {"endpoint": endpoint}}))
    process = vigia(config)
    send(process, Metrics(resource={}).gauge("before", 1, now_ms() * 1_000_000))
    config["exporters"]["prometheus"]["namespace"] = "ns"
    config["receivers"] = {name: receiver for name, receiver in config["receivers"].items()}
    (process.folder / "config.yaml").write_text(yaml.safe_dump(config))
    process.signal(signal.SIGHUP)
    process.wait_for_log("he new configuration is in force")

    def is_new():
        send(process, Metrics(resource={}).gauge("after", 1, now_ms() * 1_000_000))
        return b"ns_after 1" in urllib.request.urlopen(f"http://{endpoint}/metrics", timeout=5).read()

    wait_until(is_new, "the new exporter's page is at the old address")
    process.stop()
