"""Backends that take OTLP with other people's code (Python's http.server, grpcio, protobuf) and remember what arrived."""

import gzip
import ssl
import threading
import zlib
from concurrent import futures
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

REQUEST_TYPES = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
}
RESPONSE_TYPES = {
    "traces": trace_service_pb2.ExportTraceServiceResponse,
    "metrics": metrics_service_pb2.ExportMetricsServiceResponse,
    "logs": logs_service_pb2.ExportLogsServiceResponse,
}


@dataclass
class Received:
    signal: str
    message: object
    headers: dict  # lower-case names
    body_size: int = 0


def leaves(message):
    """(resource group, scope group, leaf) of every span, metric or log record of a request."""
    for resource_group in getattr(message, message.DESCRIPTOR.fields[0].name):
        scope_field = next(name for name in resource_group.DESCRIPTOR.fields_by_name if name.startswith("scope_"))
        for scope_group in getattr(resource_group, scope_field):
            leaf_field = next(name for name in scope_group.DESCRIPTOR.fields_by_name if name not in ("scope", "schema_url"))
            for leaf in getattr(scope_group, leaf_field):
                yield resource_group, scope_group, leaf


def items(messages):
    """What requests say, independent of how they are cut: one comparable entry for each span, metric or log record."""

    def text(message):
        return message.SerializeToString(deterministic=True)

    return sorted((text(group.resource), group.schema_url, text(scope.scope), scope.schema_url, text(leaf))
                  for message in messages for group, scope, leaf in leaves(message))


class Sink:
    def __init__(self):
        self._received = []
        self._changed = threading.Condition()

    def record(self, received):
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()

    def received(self, signal=None):
        with self._changed:
            return [one for one in self._received if signal in (None, one.signal)]

    def messages(self, signal):
        return [one.message for one in self.received(signal)]

    def item_count(self, signal):
        return sum(1 for message in self.messages(signal) for _ in leaves(message))

    def wait_for(self, signal, count, deadline_s=30):
        """The requests of a signal, once they hold at least this many items."""
        with self._changed:
            is_there = self._changed.wait_for(
                lambda: sum(1 for one in self._received if one.signal == signal for _ in leaves(one.message)) >= count, deadline_s)
        assert is_there, f"{self.item_count(signal)} of {count} {signal} arrived within {deadline_s} s"
        return self.messages(signal)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True  # so that somebody may keep the port for it while it is away
    # Many exporters may connect at once; with the library's 5 they would wait for repeated SYNs.
    request_queue_size = 512


class HttpSink(Sink):
    """OTLP/HTTP. `answers` holds (status, headers) to give before it starts to accept. With `closes` every answer ends its connection."""

    closes = False

    def __init__(self, address="127.0.0.1:0", record=None, certificates=None, client_authority=None):
        """`record` is called with what arrives, in the place of the sink's own memory. By TLS if there are certificates; clients must show
        theirs if there is a file of who signs them."""
        super().__init__()
        self.answers = []
        self._record = record or self.record
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                sink.serve(self)

            def log_message(self, *_):
                pass

        host, port = address.split(":")
        self._server = _Server((host, int(port)), Handler)
        if certificates:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_authority)
            context.load_cert_chain(certificates.certificate, certificates.key)
            context.verify_mode = ssl.CERT_REQUIRED if client_authority else ssl.CERT_NONE
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if certificates else 'http'}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, handler):
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = self._read_body(handler, headers)
        if len(body) < int(headers.get("content-length", 0)):
            handler.close_connection = True  # the request was cut: there is nothing to answer
            return
        if self.answers:
            status, extra = self.answers.pop(0)
            self._answer(handler, status, b"", extra)
            return
        signal = handler.path.rsplit("/", 1)[-1]
        encoding = headers.get("content-encoding", "identity")
        plain = gzip.decompress(body) if encoding == "gzip" else zlib.decompress(body) if encoding == "deflate" else body
        self._record(Received(signal, REQUEST_TYPES[signal].FromString(plain), headers, len(body)))
        self._answer(handler, 200, RESPONSE_TYPES[signal]().SerializeToString(), {"Content-Type": "application/x-protobuf"})

    @staticmethod
    def _read_body(handler, headers):
        if headers.get("transfer-encoding") != "chunked":
            return handler.rfile.read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            body += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return body

    def _answer(self, handler, status, body, headers):
        handler.send_response(status)
        if self.closes:
            handler.send_header("Connection", "close")  # the library acts upon it
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def __enter__(self):
        return self

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __exit__(self, *_):
        self.close()


class GrpcSink(Sink):
    """OTLP/gRPC on grpcio. `answers` holds status codes to give before it starts to accept; `refuses` says of a request whether it is
    refused for good."""

    def __init__(self, certificates=None, address="127.0.0.1:0", record=None, client_authority=None):
        """`record` is called with what arrives, in the place of the sink's own memory. By TLS if there are certificates; clients must show
        theirs if there is a file of who signs them."""
        super().__init__()
        self.answers = []
        self.refuses = lambda request: False
        self._record = record or self.record
        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 64 << 20)])
        for signal, add, base in (
            ("traces", trace_service_pb2_grpc.add_TraceServiceServicer_to_server, trace_service_pb2_grpc.TraceServiceServicer),
            ("metrics", metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server, metrics_service_pb2_grpc.MetricsServiceServicer),
            ("logs", logs_service_pb2_grpc.add_LogsServiceServicer_to_server, logs_service_pb2_grpc.LogsServiceServicer),
        ):
            add(self._servicer(signal, base), self._server)
        if certificates:
            pair = (certificates.key.read_bytes(), certificates.certificate.read_bytes())
            authority = client_authority.read_bytes() if client_authority else None
            port = self._server.add_secure_port(address, grpc.ssl_server_credentials([pair], authority, authority is not None))
        else:
            port = self._server.add_insecure_port(address)
        self.endpoint = f"127.0.0.1:{port}"
        self._server.start()

    def _servicer(self, signal, base):
        sink = self

        class Servicer(base):
            def Export(self, request, context):
                if sink.answers:
                    context.abort(sink.answers.pop(0), "as the test asked")
                if sink.refuses(request):
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "there is something in it that I do not take")
                sink._record(Received(signal, request, dict(context.invocation_metadata()), request.ByteSize()))
                return RESPONSE_TYPES[signal]()

        return Servicer()

    def __enter__(self):
        return self

    def close(self):
        self._server.stop(None).wait()

    def __exit__(self, *_):
        self._server.stop(None)
