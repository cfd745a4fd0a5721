"""The three jobs of an agent, each as a configuration that vigia and the reference Collector both take, and their input."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCRAPERS = ("cpu", "load", "memory", "disk", "filesystem", "network", "paging", "processes")
# The parsers' time layout, and a line of an application that logs JSON.
LAYOUT = "%Y-%m-%dT%H:%M:%S.%LZ"


def configuration(receivers, signal, sink_port, extensions=None):
    name = next(iter(receivers)) if len(receivers) == 1 else None
    return json.dumps({
        "receivers": receivers,
        "processors": {"batch": {"timeout": "1s", "send_batch_size": 8192}},
        "exporters": {"otlp": {"endpoint": f"127.0.0.1:{sink_port}", "tls": {"insecure": True}, "compression": "none"}},
        "extensions": extensions or {},
        "service": {
            "extensions": list(extensions or {}),
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {signal: {"receivers": [name] if name else list(receivers), "processors": ["batch"], "exporters": ["otlp"]}},
        },
    })


def scrape(target_port, interval):
    job = {"job_name": "node", "scrape_interval": interval, "scrape_timeout": interval,
           "static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}]}
    return {"config": {"scrape_configs": [job]}}


def host_metrics(interval):
    return {"collection_interval": interval, "scrapers": {name: {} for name in SCRAPERS}}


def log_reader(path):
    parser = {"type": "json_parser", "timestamp": {"parse_from": "attributes.time", "layout": LAYOUT},
              "severity": {"parse_from": "attributes.level"}}
    return {"include": [str(path)], "start_at": "beginning", "operators": [parser]}


def write_log(path, lines):
    """Lines of about 250 bytes, none like another. Returns how many bytes."""
    levels = ("info", "info", "info", "debug", "warn", "error")
    with open(path, "w", encoding="utf-8") as log:
        for number in range(lines):
            log.write(json.dumps({
                "time": f"2026-11-26T10:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z",
                "level": levels[number % len(levels)], "logger": "shop.checkout.PaymentController", "thread": f"http-nio-8080-exec-{number % 50}",
                "message": f"order {number} of customer {number * 7919 % 100003} was paid in {number % 977} ms",
                "trace_id": f"{number * 2654435761 % (1 << 128):032x}", "amount": number % 9973 / 100, "retry": number % 5 == 0,
            }) + "\n")
    return Path(path).stat().st_size


def exposition(series):
    """A target's page: counters and gauges with the labels that exporters have, about 100 bytes a line."""
    lines = []
    per_family = 1000
    for number in range(series):
        family = number // per_family
        if number % per_family == 0:
            kind = "counter" if family % 2 else "gauge"
            suffix = "_total" if family % 2 else ""
            lines += [f"# HELP shop_family_{family}{suffix} What the shop counts under number {family}.",
                      f"# TYPE shop_family_{family}{suffix} {kind}"]
        lines.append(f'shop_family_{family}{suffix}{{route="/api/v1/route/{number % 37}",method="GET",code="{200 + number % 5}",'
                     f'pod="shop-{number % per_family:04}"}} {number * 31 % 100003}')
    return "\n".join(lines).encode() + b"\n"


class Target:
    """Serves one page, as it is, to whoever asks, and counts how often."""

    def __init__(self, page):
        self.served = 0
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                target.served += 1

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
