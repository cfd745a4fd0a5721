"""A target that exposes what a test wants it to: text, status, headers, slowness; and what it was asked."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


class ExpositionTarget:
    """`pages` are bodies by path (/metrics at first), text or bytes, or functions that answer with the handler themselves."""

    def __init__(self, body="", content_type=TEXT):
        self.pages = {"/metrics": body}
        self.content_type = content_type
        self.compresses = True
        self.status = 200
        self.requests = []
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                target._answer(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # clients that go away in the middle are what these tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, handler):
        self.requests.append((handler.path, {name.lower(): value for name, value in handler.headers.items()}))
        page = self.pages.get(handler.path.split("?")[0])
        if callable(page):
            page(handler)
            return
        body = (page if isinstance(page, bytes) else (page or "").encode())
        handler.send_response(self.status if page is not None else 404)
        handler.send_header("Content-Type", self.content_type)
        if self.compresses and "gzip" in handler.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
            handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
