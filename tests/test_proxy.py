"""Proxies between the exporters and their servers, taken from the environment as the Collector takes them.

Guarantee: what goes to the outside goes through the proxy of HTTP_PROXY or HTTPS_PROXY unless NO_PROXY or `proxy_url` says otherwise, gRPC in
a tunnel. The servers' names exist nowhere but in the proxy, so nothing can get there another way.
"""

import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import requests

from configurations import forwarding
from telemetry import many_spans


class Proxy:
    """Forwards requests and opens tunnels; every name leads to this machine."""

    def __init__(self):
        self.asked = []  # (method, target, Proxy-Authorization)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_CONNECT(self):
                proxy.asked.append(("CONNECT", self.path, self.headers.get("proxy-authorization")))
                with socket.create_connection(("127.0.0.1", int(self.path.rsplit(":", 1)[1]))) as server:
                    self.send_response(200)
                    self.end_headers()
                    proxy.copy_both_ways(self.connection, server)
                self.close_connection = True

            def do_POST(self):
                proxy.asked.append(("POST", self.path, self.headers.get("proxy-authorization")))
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name: value for name, value in self.headers.items() if name.lower() in ("content-type", "content-encoding")}
                with urlopen(Request(f"http://127.0.0.1:{url.port}{url.path}", data=body, headers=headers), timeout=10) as answer:
                    content = answer.read()
                    self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def copy_both_ways(one, other):
        way = {one: other, other: one}
        while True:
            for readable in select.select(list(way), [], [])[0]:
                data = readable.recv(65536)
                if not data:
                    return
                way[readable].sendall(data)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def proxy():
    started = Proxy()
    yield started
    started.close()


def send_spans(process, count):
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/traces", data=many_spans(count).SerializeToString(),
                           headers={"Content-Type": "application/x-protobuf"}, timeout=10)
    assert answer.status_code == 200


def outside(sink, name="collector.invalid"):
    return f"http://{name}:{sink.url.rsplit(':', 1)[1]}"


def test_http_goes_by_http_proxy(vigia, http_sink, proxy):
    process = vigia(forwarding({"otlphttp": {"endpoint": outside(http_sink)}}), environment={"HTTP_PROXY": f"http://user:word@{proxy.address}"})
    send_spans(process, 3)
    http_sink.wait_for("traces", 3)
    assert proxy.asked == [("POST", f"{outside(http_sink)}/v1/traces", "Basic dXNlcjp3b3Jk")]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_grpc_goes_by_https_proxy_through_a_tunnel(vigia, grpc_sink, proxy, name):
    target = f"collector.invalid:{grpc_sink.endpoint.rsplit(':', 1)[1]}"
    exporter = {"endpoint": target, "tls": {"insecure": True}}
    process = vigia(forwarding({"otlp": exporter}), environment={name: proxy.address, "HTTP_PROXY": "http://127.0.0.1:1"})
    send_spans(process, 3)
    grpc_sink.wait_for("traces", 3)
    assert {one[:2] for one in proxy.asked} == {("CONNECT", target)}


def test_proxy_url_wins_and_loopback_is_direct(vigia, http_sink, grpc_sink, proxy):
    exporters = {"otlphttp/outside": {"endpoint": outside(http_sink), "proxy_url": f"http://{proxy.address}"},
                 "otlphttp/inside": {"endpoint": http_sink.url}, "otlp": {"endpoint": grpc_sink.endpoint, "tls": {"insecure": True}}}
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
    process = vigia(forwarding(exporters), environment=nowhere)
    send_spans(process, 3)
    http_sink.wait_for("traces", 6)
    grpc_sink.wait_for("traces", 3)
    assert len(proxy.asked) == 1


def test_no_proxy_makes_an_exception(vigia, http_sink, proxy):
    exporter = {"endpoint": outside(http_sink), "retry_on_failure": {"enabled": False}}
    process = vigia(forwarding({"otlphttp": exporter}), environment={"HTTP_PROXY": proxy.address, "NO_PROXY": "10.0.0.0/8, .invalid"})
    send_spans(process, 3)
    process.wait_for_log("collector.invalid")  # which cannot be found without the proxy
    assert proxy.asked == []


def test_a_proxy_of_another_kind_stops_the_start(vigia, http_sink):
    process = vigia(forwarding({"otlphttp": {"endpoint": outside(http_sink)}}), environment={"http_proxy": "socks5://u:s3cret@h:1"}, is_ready=False)
    assert process.process.wait(20) == 1
    assert "HTTP_PROXY" in process.log() and "socks5" in process.log()
    assert "s3cret" not in process.log()
