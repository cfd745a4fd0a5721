"""Receivers whose configuration says whose their data is.

Guarantee: each customer's data travels by itself, says whose it is, and nothing that a log line, a scraped label or a record claims makes it
another's, on the way to a backend of OTLP and to one of remote write alike.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from exposition_target import ExpositionTarget
from forward_client import ForwardClient
from otlp_sinks import leaves
from services.remote_write import series_of
from waiting import wait_until

# What each customer's data claims to be.
OTHER = {"cliente-a": "cliente-b", "cliente-b": "cliente-a"}
CLAIM = 'customer_id="{0}",customer="{0}"'
BELIEVE = [
    {"type": "json_parser"},
    {"type": "copy", "from": "attributes.customer_id", "to": "resource.customer_id"},
    {"type": "copy", "from": "attributes.customer_id", "to": 'resource["customer.id"]'},
]


class WriteSink:
    """Takes remote write and remembers the labels of each series."""

    def __init__(self):
        self.series = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.series.extend(dict(labels) for labels in series_of(body, False))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def write_sink():
    sink = WriteSink()
    yield sink
    sink.close()


def config_for(folder, otlp, write_sink, targets):
    receivers = {"hostmetrics": {"customer": "cliente-a", "collection_interval": "1s", "initial_delay": "0s", "scrapers": {"load": {}}}}
    for customer in OTHER:
        receivers[f"filelog/{customer}"] = {"include": [str(folder / f"{customer}.log")], "start_at": "beginning", "customer": customer,
                                            "operators": BELIEVE}
        receivers[f"fluentforward/{customer}"] = {"endpoint": "127.0.0.1:0", "customer": customer}
    jobs = [{"job_name": customer, "customer": customer, "honor_labels": True, "static_configs": [{"targets": [targets[customer].address]}]}
            for customer in OTHER]
    receivers["prometheus"] = {"config": {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}}
    logs = [name for name in receivers if name.startswith(("filelog", "fluentforward"))]
    return {
        "receivers": receivers,
        "processors": {"batch": {"timeout": "100ms"}},
        "exporters": {
            # Whatever may be merged is.
            "otlphttp": {"endpoint": otlp.url, "compression": "none", "sending_queue": {"batch": {"flush_timeout": "200ms", "min_size": 10000}}},
            "prometheusremotewrite": {"endpoint": write_sink.url},
        },
        "service": {"pipelines": {
            "logs": {"receivers": logs, "processors": ["batch"], "exporters": ["otlphttp"]},
            "metrics": {"receivers": ["prometheus", "hostmetrics"], "processors": ["batch"], "exporters": ["otlphttp", "prometheusremotewrite"]},
        }},
    }


def customer_of(resource):
    """What the resource says, and it says it once."""
    said = [(pair.key, pair.value.string_value) for pair in resource.attributes if pair.key in ("customer.id", "customer_id")]
    assert len(said) == 1 and said[0][0] == "customer.id", said
    return said[0][1]


def test_what_data_says_of_customers_does_not_count(vigia, tmp_path, http_sink, write_sink):
    with ExpositionTarget() as a, ExpositionTarget() as b:
        targets = {"cliente-a": a, "cliente-b": b}
        for customer, target in targets.items():
            claim = CLAIM.format(OTHER[customer])
            target.pages["/metrics"] = f'of_{customer[-1]}{{{claim}}} 1\ntarget_info{{{claim}}} 1\n'
            (tmp_path / f"{customer}.log").write_text(f'{{"customer_id":"{OTHER[customer]}","owner":"{customer}"}}\n' * 50)
        process = vigia(config_for(tmp_path, http_sink, write_sink, targets))
        for customer in OTHER:
            with ForwardClient(process.ports[f"fluentforward_{customer.replace('-', '_')}"]) as client:
                client.send(["t", 1_700_000_000, {"log": "x", "owner": customer, "customer.id": OTHER[customer]}])

        def owners():
            return {(customer_of(group.resource), pair.value.string_value)
                    for message in http_sink.messages("logs") for group, _, log in leaves(message)
                    for pair in log.attributes if pair.key == "owner"}

        http_sink.wait_for("logs", 102)
        assert owners() == {(customer, customer) for customer in OTHER}

        def metrics():
            return {(customer_of(group.resource), metric.name) for message in http_sink.messages("metrics") for group, _, metric in leaves(message)}

        wanted = {("cliente-a", "of_a"), ("cliente-b", "of_b"), ("cliente-a", "system.cpu.load_average.1m"), ("cliente-b", "up")}
        wait_until(lambda: wanted <= metrics(), "the metrics have arrived")
        assert {of for of, name in metrics() if name in ("of_a", "of_b", "system.cpu.load_average.1m")} == set(OTHER)
        assert not {("cliente-b", "of_a"), ("cliente-a", "of_b"), ("cliente-b", "system.cpu.load_average.1m")} & metrics()
        # No request has data of two.
        for signal in ("logs", "metrics"):
            for message in http_sink.messages(signal):
                assert len({customer_of(group.resource) for group, _, _ in leaves(message)}) == 1

        wait_until(lambda: {"of_a", "of_b"} <= {labels["__name__"] for labels in write_sink.series}, "both were written")
        for labels in list(write_sink.series):
            assert labels.get("customer_id") in OTHER, labels
            if labels["__name__"] in ("of_a", "of_b"):
                own = f"cliente-{labels['__name__'][-1]}"
                assert (labels["customer_id"], labels["exported_customer_id"]) == (own, OTHER[own]), labels
        process.stop()
