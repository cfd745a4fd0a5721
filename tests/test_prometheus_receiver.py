"""The prometheus receiver scrapes real and hostile targets.

Guarantee: what a target exposes arrives as the same series with the same values as a real Prometheus stores; a target that is broken, slow,
endless or gone is `up` 0, its series are told to be gone, and all others go on.
"""

import json
import math
import subprocess
import threading

import pytest

from exposition_target import OPENMETRICS, TEXT, ExpositionTarget
from otlp_sinks import leaves
from services.peers import free_port
from services.prometheus_process import Prometheus
from vigia_process import run_vigia
from waiting import wait_until

NO_RECORDED_VALUE = 1
REPORT = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"}


def config_of(sink, jobs, **receiver):
    return {
        "receivers": {"prometheus": {"config": {"global": {"scrape_interval": "500ms", "scrape_timeout": "400ms"}, "scrape_configs": jobs}, **receiver}},
        "exporters": {"otlphttp": {"endpoint": sink.url, "compression": "none"}},
        "service": {"pipelines": {"metrics": {"receivers": ["prometheus"], "exporters": ["otlphttp"]}}},
    }


def job_of(name, address, **keys):
    return {"job_name": name, "static_configs": [{"targets": [address]}], **keys}


def attributes(pairs):
    return {pair.key: pair.value.string_value for pair in pairs}


class Points:
    """What arrived of a job, point by point."""

    def __init__(self, sink, job):
        self.found = []
        for message in sink.messages("metrics"):
            for group, _scope, metric in leaves(message):
                resource = attributes(group.resource.attributes)
                if resource.get("service.name") != job:
                    continue
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points:
                    self.found.append((metric, kind, resource, point))

    def values(self, name, **wanted):
        """The values of a number in the order of time; None for "no value any more"."""
        points = [point for metric, _, _, point in self.found
                  if metric.name == name and all(attributes(point.attributes).get(key) == value for key, value in wanted.items())]
        points.sort(key=lambda point: point.time_unix_nano)
        return [None if point.flags & NO_RECORDED_VALUE else point.as_double for point in points]

    def names(self):
        return {metric.name for metric, _, _, _ in self.found}


def series_of(points):
    """Points of one moment as Prometheus would name their series: {(name, labels): value}."""
    series = {}
    for metric, kind, _, point in points:
        if point.flags & NO_RECORDED_VALUE:
            continue
        labels = attributes(point.attributes)

        def put(suffix, value, extra=(), labels=labels, name=metric.name):
            series[(name + suffix, tuple(sorted([*labels.items(), *extra])))] = value

        if kind in ("gauge", "sum"):
            put("", point.as_double)
        elif kind == "histogram":
            total = 0
            for bound, count in zip([*point.explicit_bounds, math.inf], point.bucket_counts):
                total += count
                put("_bucket", total, [("le", boundary_text(bound))])
            put("_sum", point.sum)
            put("_count", point.count)
        elif kind == "summary":
            for quantile in point.quantile_values:
                put("", quantile.value, [("quantile", boundary_text(quantile.quantile))])
            put("_sum", point.sum)
            put("_count", point.count)
    return series


def stored_series(prometheus, job):
    """All series of a job as {(name, labels without job and instance): value}."""
    def key(labels):
        return labels["__name__"], tuple(sorted((name, value) for name, value in labels.items() if name not in ("__name__", "job", "instance")))
    return {key(one["metric"]): float(one["value"][1]) for one in prometheus.query(f'{{job="{job}"}}')}


def boundary_text(value):
    return "+Inf" if value == math.inf else f"{value:g}"


def normalized(series):
    """Boundaries in one notation: releases of Prometheus write 1 and 1.0."""
    def label(name, value):
        return (name, boundary_text(float(value))) if name in ("le", "quantile") else (name, value)
    return {(name, tuple(sorted(label(*pair) for pair in labels))): value for (name, labels), value in series.items()}


def wait_for_up(sink, job, value, deadline_s=20):
    wait_until(lambda: value in Points(sink, job).values("up")[-1:], f"up of {job} is {value}", deadline_s)


EXPOSITION = """# HELP shop_orders_total Orders, with a \\\\ and\\na second line.
# TYPE shop_orders_total counter
shop_orders_total{country="es",kind="a \\"b\\" \\\\ c"} 1027
shop_orders_total{country="de",kind=""} 3e6
# TYPE shop_temperature gauge
shop_temperature -3.5
shop_temperature{room="cold"} NaN
shop_temperature{room="hot"} +Inf
# TYPE shop_latency_seconds histogram
shop_latency_seconds_bucket{path="/",le="0.1"} 5
shop_latency_seconds_bucket{path="/",le="1"} 7
shop_latency_seconds_bucket{path="/",le="+Inf"} 9
shop_latency_seconds_sum{path="/"} 12.5
shop_latency_seconds_count{path="/"} 9
# TYPE shop_size_bytes summary
shop_size_bytes{quantile="0.5"} 100
shop_size_bytes{quantile="0.99"} 900
shop_size_bytes_sum 12345
shop_size_bytes_count 60
no_type_at_all{a="1"} 42
"""


def same_number(ours, theirs):
    return ours == theirs or (math.isnan(ours) and math.isnan(theirs))


def compare(ours, theirs):
    """Series and values one by one."""
    ours, theirs = normalized(ours), normalized(theirs)
    assert set(ours) == set(theirs), f"only ours: {sorted(set(ours) - set(theirs))[:10]}; only theirs: {sorted(set(theirs) - set(ours))[:10]}"
    different = {key: (ours[key], theirs[key]) for key in ours if not same_number(ours[key], theirs[key])}
    assert not different, different


@pytest.mark.parametrize("content_type, body", [(TEXT, EXPOSITION), (OPENMETRICS, "# TYPE a counter\na_total{x=\"y\"} 5 # {trace_id=\"ab\"} 1\na_created{x=\"y\"} 1600000000\n# TYPE b gauge\nb 2.25\n# EOF\n")])
def test_the_same_series_as_a_real_prometheus(vigia, http_sink, tmp_path, content_type, body):
    with ExpositionTarget(body, content_type) as target:
        jobs = [job_of("shop", target.address)]
        with Prometheus(tmp_path / "prometheus", jobs) as prometheus:
            process = vigia(config_of(http_sink, jobs))
            wait_for_up(http_sink, "shop", 1)
            wait_until(lambda: len(stored_series(prometheus, "shop")) > 5, "Prometheus has scraped, too")
            found = [one for one in Points(http_sink, "shop").found if one[0].name not in REPORT]
            theirs = {key: value for key, value in stored_series(prometheus, "shop").items()
                      if key[0] not in REPORT and not key[0].endswith("_created")}
            compare(series_of(found), theirs)
            # Types and help as the real one has them.
            metadata = prometheus.ask("metadata")
            for metric, kind, _, _ in found:
                family = metadata.get(metric.name) or metadata.get(metric.name.removesuffix("_total"))
                if not family:
                    continue
                expected = {"counter": "sum", "gauge": "gauge", "histogram": "histogram", "summary": "summary", "unknown": "gauge"}[family[0]["type"]]
                assert kind == expected and metric.description == family[0]["help"], metric
            # What a scrape says about itself.
            for name in ("up", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling"):
                assert Points(http_sink, "shop").values(name)[-1] == prometheus.value(f'{name}{{job="shop"}}'), name
        process.stop()
        agent, = {headers["user-agent"] for _, headers in target.requests if headers["user-agent"].startswith("vigia")}
        assert agent.startswith("vigia/")
        path, headers = next(one for one in target.requests if one[1]["user-agent"] == agent)
        assert path == "/metrics" and headers["accept-encoding"] == "gzip" and headers["x-prometheus-scrape-timeout-seconds"] == "0.4"
        assert headers["accept"].startswith("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,")


def test_node_exporter_like_a_real_prometheus(vigia, http_sink, tmp_path):
    port = free_port()
    exporter = subprocess.Popen(["/usr/bin/prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        jobs = [job_of("node", f"127.0.0.1:{port}", scrape_interval="2s", scrape_timeout="2s")]
        with Prometheus(tmp_path / "prometheus", jobs) as prometheus:
            process = vigia(config_of(http_sink, jobs))
            wait_for_up(http_sink, "node", 1)
            wait_until(lambda: len(stored_series(prometheus, "node")) > 300, "Prometheus has scraped, too")
            ours = normalized(series_of([one for one in Points(http_sink, "node").found if one[0].name not in REPORT]))
            theirs = normalized({key: value for key, value in stored_series(prometheus, "node").items() if key[0] not in REPORT})
            assert len(ours) > 300
            # Some series come and go with the machine, such as connections by state; everything else is the same.
            assert len(set(ours) ^ set(theirs)) <= len(ours) // 50, sorted(set(ours) ^ set(theirs))[:20]
            steady = [key for key in set(ours) & set(theirs) if key[0] in ("node_memory_MemTotal_bytes", "node_boot_time_seconds", "node_uname_info")]
            assert len(steady) == 3 and all(ours[key] == theirs[key] for key in steady)
        resource = next(one[2] for one in Points(http_sink, "node").found)
        assert resource == {"service.name": "node", "service.instance.id": f"127.0.0.1:{port}", "server.port": str(port), "url.scheme": "http"}
        process.stop()
    finally:
        exporter.terminate()
        exporter.wait()


def test_native_histograms_of_a_real_program(vigia, http_sink, tmp_path):
    """Today's Prometheus exposes its own request durations as native histograms, in protobuf."""
    with Prometheus(tmp_path / "prometheus", is_current=True) as prometheus:
        for _ in range(20):
            prometheus.query("vector(1)")
        process = vigia(config_of(http_sink, [job_of("native", f"127.0.0.1:{prometheus.port}", scrape_native_histograms=True),
                                              job_of("classic", f"127.0.0.1:{prometheus.port}", scrape_protocols=["PrometheusProto"])]))
        wait_for_up(http_sink, "native", 1)
        wait_for_up(http_sink, "classic", 1)
        points = [point for metric, kind, _, point in Points(http_sink, "native").found
                  if metric.name == "prometheus_http_request_duration_seconds" and kind == "exponential_histogram"
                  and attributes(point.attributes).get("handler") == "/api/v1/query"]
        assert points and points[-1].count >= 20 and points[-1].sum > 0
        for point in points:
            assert sum(point.positive.bucket_counts) + sum(point.negative.bucket_counts) + point.zero_count == point.count
            base = 2 ** (2 ** -point.scale)
            assert base ** point.positive.offset < point.sum, "the smallest bucket begins below the sum"
            assert 0 < point.start_time_unix_nano <= point.time_unix_nano
        kinds = {kind for metric, kind, _, _ in Points(http_sink, "classic").found if metric.name == "prometheus_http_request_duration_seconds"}
        assert kinds == {"histogram"}
        # The same counters by both ways.
        counters = {metric.name for metric, kind, _, _ in Points(http_sink, "native").found if kind == "sum"}
        assert counters == {metric.name for metric, kind, _, _ in Points(http_sink, "classic").found if kind == "sum"} and len(counters) > 50
        process.stop()


def test_what_vanishes_is_told_and_what_fails_is_down(vigia, http_sink):
    with ExpositionTarget("a 1\nb 2\n") as target:
        process = vigia(config_of(http_sink, [job_of("shop", target.address)]))
        wait_for_up(http_sink, "shop", 1)
        target.pages["/metrics"] = "a 3\n"
        wait_until(lambda: Points(http_sink, "shop").values("b")[-1:] == [None], "b is told to be gone")
        target.pages["/metrics"] = "a 4\nbroken{\n"
        wait_for_up(http_sink, "shop", 0)
        wait_until(lambda: Points(http_sink, "shop").values("a")[-1:] == [None], "a is told to be gone")
        assert 4 not in Points(http_sink, "shop").values("a")
        process.wait_for_log("line 2: expected the name of a label")
        target.status = 503
        target.pages["/metrics"] = "a 5\n"
        wait_until(lambda: len(target.requests) > 8, "it is asked again")
        target.status = 200
        wait_until(lambda: Points(http_sink, "shop").values("a")[-1:] == [5], "it is back")
        process.stop()


def endless(piece, pause_s=0.0):
    """A page that never ends, by chunks."""
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", TEXT)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        pause = threading.Event()
        try:
            while True:
                handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                pause.wait(pause_s)
        except OSError:
            pass
    return answer


def test_hostile_targets_hurt_nobody_else(vigia, http_sink):
    with ExpositionTarget("fine 1\n") as target:
        target.pages["/endless"] = endless(b"a_metric_with_a_name 1\n" * 4096)
        target.pages["/slow"] = endless(b"a", 0.2)
        target.pages["/garbage"] = bytes(range(256)) * 100
        target.pages["/html"] = "<html><body>not metrics</body></html>"
        target.pages["/labels"] = "".join(f'many{{value="{number}"}} 1\n' for number in range(100_000))
        target.pages["/types"] = "".join(f"# TYPE a{number} gauge\n" for number in range(200_000))
        target.pages["/bomb"] = lambda handler: send_bomb(handler)
        target.pages["/redirect"] = lambda handler: redirect(handler, "/metrics")
        target.pages["/loop"] = lambda handler: redirect(handler, "/loop")
        names = ["endless", "slow", "garbage", "html", "bomb", "loop", "types"]
        jobs = [job_of("fine", target.address), job_of("redirect", target.address, metrics_path="/redirect"),
                job_of("labels", target.address, metrics_path="/labels", scrape_interval="5s", scrape_timeout="5s"),
                job_of("nobody", f"127.0.0.1:{free_port()}"),
                *(job_of(name, target.address, metrics_path=f"/{name}", body_size_limit="4MB", scrape_interval="2s", scrape_timeout="1s") for name in names)]
        process = vigia(config_of(http_sink, jobs))
        for name in (*names, "nobody"):
            wait_for_up(http_sink, name, 0)
        for name in ("fine", "redirect", "labels"):
            wait_for_up(http_sink, name, 1, 30)
        assert Points(http_sink, "labels").values("scrape_samples_scraped")[0] == 100_000
        # A large scrape is several requests, which may come in any order.
        wait_until(lambda: Points(http_sink, "labels").values("many", value="99999"), "the last of many values has arrived")
        before = len(Points(http_sink, "fine").values("up"))
        wait_until(lambda: len(Points(http_sink, "fine").values("up")) >= before + 4, "the good one goes on")
        assert set(Points(http_sink, "fine").values("up")) == {1}
        metrics = process.metrics()
        assert metrics["vigia_receiver_prometheus_targets"] == len(jobs)
        assert metrics["vigia_receiver_prometheus_targets_up"] == 3
        assert metrics["vigia_receiver_prometheus_failed_scrapes"] >= 7
        assert metrics["vigia_receiver_prometheus_state_bytes"] < 200 * metrics["vigia_receiver_prometheus_series"] + 20_000
        process.stop()


def send_bomb(handler):
    """64 MB of zeros that are sixty kilobytes on the way."""
    import zlib
    packer = zlib.compressobj(wbits=31)
    body = packer.compress(b"#" * (64 << 20)) + packer.flush()
    handler.send_response(200)
    handler.send_header("Content-Type", TEXT)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def redirect(handler, path):
    handler.send_response(302)
    handler.send_header("Location", path)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_targets_from_files_and_urls_come_and_go(vigia, http_sink, tmp_path):
    with ExpositionTarget("a 1\n") as first, ExpositionTarget("a 2\n") as second, ExpositionTarget("[]", "application/json") as discovery:
        (tmp_path / "one.json").write_text(json.dumps([{"targets": [first.address], "labels": {"zone": "x"}}]))
        jobs = [{"job_name": "files", "file_sd_configs": [{"files": [f"{tmp_path}/*.json", f"{tmp_path}/two.yml"], "refresh_interval": "1s"}]},
                {"job_name": "urls", "http_sd_configs": [{"url": f"http://{discovery.address}/metrics", "refresh_interval": "1s"}]}]
        process = vigia(config_of(http_sink, jobs))
        wait_until(lambda: 1 in Points(http_sink, "files").values("a", zone="x"), "the target of the first file")
        (tmp_path / "two.yml").write_text(f"- targets: ['{second.address}']\n  labels: {{zone: y}}\n")
        wait_until(lambda: 2 in Points(http_sink, "files").values("a", zone="y"), "the target of the second file")
        # A file that is broken keeps what it had; one that is gone has nothing.
        (tmp_path / "one.json").write_text("[{")
        process.wait_for_log("cannot read targets from a file")
        (tmp_path / "two.yml").unlink()
        wait_until(lambda: Points(http_sink, "files").values("up", zone="y")[-1:] == [None], "the second target is told to be gone")
        assert Points(http_sink, "files").values("a", zone="y")[-1] is None
        count = len(Points(http_sink, "files").values("a", zone="x"))
        wait_until(lambda: len(Points(http_sink, "files").values("a", zone="x")) > count + 1, "the first one goes on")
        assert Points(http_sink, "urls").found == []
        discovery.pages["/metrics"] = json.dumps([{"targets": [second.address], "labels": {"zone": "z"}}])
        wait_until(lambda: 2 in Points(http_sink, "urls").values("a", zone="z"), "the target of the URL")
        discovery.status = 500
        process.wait_for_log("cannot get targets")
        count = len(Points(http_sink, "urls").values("a"))
        wait_until(lambda: len(Points(http_sink, "urls").values("a")) > count + 1, "a URL that fails keeps its targets")
        process.stop()


def test_credentials_are_read_again_and_never_shown(vigia, http_sink, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    with ExpositionTarget("a 1\n") as target:
        jobs = [job_of("token", target.address, bearer_token_file=str(token), params={"match[]": ["up", "x y"]}, http_headers={"X-Tenant": {"values": ["t1"]}}),
                job_of("basic", target.address, basic_auth={"username": "user", "password": "s3cr3t"}, metrics_path="/basic")]
        target.pages["/basic"] = "b 1\n"
        process = vigia(config_of(http_sink, jobs))
        seen = lambda value: any(headers.get("authorization") == value for _, headers in target.requests)  # noqa: E731
        wait_until(lambda: seen("Bearer first"), "the first token")
        token.write_text("second")
        wait_until(lambda: seen("Bearer second"), "the second token")
        wait_until(lambda: seen("Basic dXNlcjpzM2NyM3Q="), "user and password")
        path, headers = next(one for one in target.requests if "match" in one[0])
        assert path == "/metrics?match%5B%5D=up&match%5B%5D=x+y" and headers["x-tenant"] == "t1"
        token.unlink()
        wait_for_up(http_sink, "token", 0)
        assert "s3cr3t" not in process.log() and "second" not in process.log()
        process.stop()


def test_the_edge_configuration_says_what_to_do_about_kubernetes(tmp_path):
    """The complete configuration of the edge document has a job that is found by Kubernetes."""
    file = tmp_path / "config.yaml"
    file.write_text("""
receivers:
  prometheus:
    config:
      scrape_configs:
        - job_name: 'node-exporter'
          static_configs:
            - targets: ['localhost:9100']
        - job_name: 'kubelet'
          kubernetes_sd_configs:
            - role: node
          scheme: https
exporters: {nop: {}}
service: {pipelines: {metrics: {receivers: [prometheus], exporters: [nop]}}}
""")
    done = run_vigia("validate", f"--config={file}")
    assert done.returncode != 0
    assert 'config.yaml:10:11: receivers::prometheus::config::scrape_configs[1]::kubernetes_sd_configs: job "kubelet"' in done.stderr
    assert "static_configs, file_sd_configs or http_sd_configs" in done.stderr
