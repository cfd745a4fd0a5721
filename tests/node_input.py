"""What an agent of a node reads in tests of bad input: targets without an end, log files; and what arrived of it."""

import threading

from exposition_target import TEXT, ExpositionTarget
from otlp_sinks import leaves
from waiting import wait_until


def text_attributes(carrier):
    return {item.key: item.value.string_value for item in carrier.attributes}


class EndlessTarget(ExpositionTarget):
    """Promises a gigabyte and sends it, piece by piece."""

    def __init__(self, piece, pause_s=0.0):
        super().__init__(self._answer_endlessly)
        self._piece = piece
        self._pause_s = pause_s
        self.sent = []  # bytes of each answer

    def _answer_endlessly(self, handler):
        handler.send_response(200)
        handler.send_header("Content-Type", TEXT)
        handler.send_header("Content-Length", str(1 << 30))
        handler.end_headers()
        sent, pause = 0, threading.Event()
        try:
            while sent < 1 << 30:
                handler.wfile.write(self._piece)
                sent += len(self._piece)
                pause.wait(self._pause_s)
        except OSError:
            handler.close_connection = True
        self.sent.append(sent)


class Scraped:
    """What arrived of each target. What was looked at once is not looked at again: there is much of it."""

    def __init__(self, sink):
        self._sink = sink
        self._seen = 0
        self._points = {}

    def points(self, target):
        """[(time, name, value)]"""
        messages = self._sink.messages("metrics")
        for message in messages[self._seen:]:
            for group, _, metric in leaves(message):
                port = text_attributes(group.resource).get("server.port")
                if port:
                    self._points.setdefault(port, []).extend(
                        (point.time_unix_nano, metric.name, point.as_double) for point in getattr(metric, metric.WhichOneof("data")).data_points)
        self._seen = len(messages)
        return self._points.get(str(target.port), [])

    def values(self, target, name):
        return [value for _, one, value in sorted(self.points(target)) if one == name]


class LogFolder:
    """A directory of logs that an agent reads; one of them is written to all the time."""

    def __init__(self, folder, sink):
        self.path = folder / "logs"
        self.path.mkdir()
        self._sink = sink
        self._written = 0
        self._is_over = threading.Event()
        self._writer = threading.Thread(target=self._write_steadily, daemon=True)

    def patterns(self):
        return f"{self.path}/*.log,{self.path}/below/*.log"

    def write(self, name, text):
        with open(self.path / name, "ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def _write_steadily(self):
        while not self._is_over.wait(0.01):
            self.write("steady.log", f"steady {self._written}\n")
            self._written += 1

    def records(self, name):
        return [record for message in self._sink.messages("logs") for _, _, record in leaves(message)
                if text_attributes(record).get("log.file.path") == str(self.path / name)]

    def lines(self, name):
        return [record.body.string_value for record in self.records(name)]

    def wait_for(self, name, lines):
        wait_until(lambda: self.lines(name) == list(lines), f"{name} holds {lines}, not {self.lines(name)}")

    def __enter__(self):
        self._writer.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._writer.join()

    def check_steady(self):
        """Whatever happened beside it: each line once."""
        self.__exit__()
        assert self._written > 20
        expected = sorted(f"steady {number}" for number in range(self._written))
        wait_until(lambda: sorted(self.lines("steady.log")) == expected, "the other log is read as if nothing were")
