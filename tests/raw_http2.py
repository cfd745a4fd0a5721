"""HTTP/2 frame by frame (hyperframe, hpack), so that a test can break the protocol in one place and watch the answer."""

import select
import socket
import struct
import time

import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame,
                              WindowUpdateFrame)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, ENHANCE_YOUR_CALM = 0, 1, 3, 11
EXPORT_TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def grpc_frame(message, compressed=0, length=None):
    return struct.pack(">BI", compressed, len(message) if length is None else length) + message


class RawHttp2:
    """One connection. Frames that arrive are kept in `frames`, header blocks decoded in `headers` by stream."""

    def __init__(self, port, initial_window=1 << 20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.frames, self.headers, self.data = [], {}, {}
        self.is_closed = False
        self._input = b""
        self._next_stream = 1
        self.send_bytes(PREFACE)
        self.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: initial_window}))
        self.wait_for(lambda: any(isinstance(frame, SettingsFrame) for frame in self.frames), "the server's SETTINGS")
        self.send(SettingsFrame(0, flags=["ACK"]))

    # --- Sending ---

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.is_closed = True

    def send(self, frame):
        self.send_bytes(frame.serialize())

    def new_stream(self):
        self._next_stream += 2
        return self._next_stream - 2

    def header_block(self, path=EXPORT_TRACES, content_type="application/grpc", extra=(), method="POST"):
        return self.encoder.encode([(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"),
                                    ("content-type", content_type), ("te", "trailers"), *extra])

    def start_request(self, end_stream=False, **options):
        stream = self.new_stream()
        frame = HeadersFrame(stream, self.header_block(**options), flags=["END_HEADERS"] + ["END_STREAM"] * end_stream)
        self.send(frame)
        return stream

    def send_data(self, stream, data, end_stream=True):
        pieces = [data[at:at + 16384] for at in range(0, len(data), 16384)] or [b""]
        for number, piece in enumerate(pieces):
            self.send(DataFrame(stream, piece, flags=["END_STREAM"] if end_stream and number == len(pieces) - 1 else []))

    def call(self, body, **options):
        """A whole request; the answer's headers and trailers together."""
        stream = self.start_request(**options)
        self.send_data(stream, body)
        return self.wait_for_end(stream)

    # --- Receiving ---

    def wait_for(self, condition, what, deadline_s=30):
        end = time.monotonic() + deadline_s
        while not condition():
            assert not self.is_closed, f"the connection was closed before: {what}; frames: {self.frames}"
            left = end - time.monotonic()
            assert left > 0, f"not within {deadline_s} s: {what}; frames: {self.frames}"
            self._read(left)
        return condition()

    def poll(self):
        """Takes what has come, and waits for nothing."""
        if not self.is_closed:
            self._read(0)

    def wait_for_end(self, stream):
        self.wait_for(lambda: self._has_ended(stream), f"the end of stream {stream}")
        return self.headers.get(stream, {})

    def wait_until_closed(self, deadline_s=30):
        """Reads what still comes until the server closes; the GOAWAY it sent, or None."""
        end = time.monotonic() + deadline_s
        while not self.is_closed:
            assert time.monotonic() < end, "the server did not close the connection"
            self._read(end - time.monotonic())
        return self.goaway

    @property
    def goaway(self):
        return next((frame for frame in self.frames if isinstance(frame, GoAwayFrame)), None)

    def was_reset(self, stream):
        return any(isinstance(frame, RstStreamFrame) and frame.stream_id == stream for frame in self.frames)

    def _has_ended(self, stream):
        return any(frame.stream_id == stream and ("END_STREAM" in frame.flags or isinstance(frame, RstStreamFrame)) for frame in self.frames)

    def _read(self, wait_s):
        ready, _, _ = select.select([self.socket], [], [], max(0.0, wait_s))
        if not ready:
            return
        try:
            received = self.socket.recv(1 << 16)
        except ConnectionResetError:
            received = b""
        self.is_closed = not received
        self._input += received
        while len(self._input) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._input[:9]))
            if len(self._input) < 9 + length:
                return
            frame.parse_body(memoryview(self._input[9:9 + length]))
            self._input = self._input[9 + length:]
            self._take(frame)

    def _take(self, frame):
        self.frames.append(frame)
        if isinstance(frame, HeadersFrame):
            self.headers.setdefault(frame.stream_id, {}).update(self.decoder.decode(frame.data))
        elif isinstance(frame, DataFrame):
            self.data[frame.stream_id] = self.data.get(frame.stream_id, b"") + frame.data

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


__all__ = ["ContinuationFrame", "PingFrame", "RawHttp2", "RstStreamFrame", "SettingsFrame", "WindowUpdateFrame"]
