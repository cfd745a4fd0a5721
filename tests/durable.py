"""What tests of durable pipelines share: the system they run on, its configuration, spans that are numbered.

They run on vigia, or with DURABLE_SYSTEM=otelcol on the reference Collector, whose configuration is the same: what a test asks of both
is first shown to be asked rightly.
"""

import os
import re
import shutil
import signal
import sys
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

from configurations import forwarding  # noqa: E402
from measure.disk import disk_bytes  # noqa: E402
from otlp_sinks import leaves  # noqa: E402
from services.collector_process import CollectorProcess  # noqa: E402
from vigia_process import Vigia, as_yaml  # noqa: E402
from waiting import wait_until  # noqa: E402

SYSTEM = os.environ.get("DURABLE_SYSTEM", "vigia")
QUICK_RETRY = {"initial_interval": "50ms", "max_interval": "200ms", "max_elapsed_time": "0s"}


class DurableVigia(Vigia):
    is_reference = False

    def __init__(self, folder, config, launcher=()):
        self.config_file = Path(folder) / "config.yaml"
        self.config_file.write_text(as_yaml(config))
        arguments = [f"--config={self.config_file}", "--set", "service.telemetry.metrics.address=127.0.0.1:0"]
        super().__init__(folder, arguments, launcher=launcher)

    def reload(self, config):
        before = self.log().count("The new configuration is in force")
        self.config_file.write_text(as_yaml(config))
        self.signal(signal.SIGHUP)
        wait_until(lambda: self.log().count("The new configuration is in force") > before, "the reload has been done")


class DurableSystem:
    """Starts the system, as often as asked, with what it keeps in one directory."""

    is_reference = SYSTEM == "otelcol"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.directory = self.folder / "storage"
        self.launcher = ()  # see Vigia
        self.started = []
        self._lives = 0

    def start(self, config, is_ready=True):
        """A new life; the last one must be over."""
        self._lives += 1
        folder = self.folder / f"life-{self._lives}"
        folder.mkdir()
        process = (CollectorProcess if self.is_reference else DurableVigia)(folder, config, launcher=self.launcher)
        self.started.append(process)
        return process.wait_ready() if is_ready else process

    def config(self, exporters, processors=(), receiver=None, storage=None):
        """OTLP in, durable exporters out. `exporters`: {name: endpoint, or the whole section}."""
        sections = {name: durable_exporter(of) if isinstance(of, str) else of for name, of in exporters.items()}
        extension = {"directory": str(self.directory), "create_directory": True, **(storage or {})}
        return forwarding(sections, processors, receiver, {"file_storage": extension})

    def disk_bytes(self):
        """What the files of the directory take on the disk."""
        return disk_bytes(self.directory)

    def forget_lives_but(self, count):
        """Logs and configurations of all but the last so many lives, for checks with very many."""
        while len(self.started) > count:
            shutil.rmtree(self.started.pop(0).folder)

    def stop_all(self):
        try:
            for process in self.started:
                if process.process.returncode is None:
                    process.stop()
        finally:
            for process in self.started:
                process.kill()

    def print_logs(self):
        for process in self.started:
            print(f"--- log of {process.folder.name} ---\n{process.log()[-20000:]}")


def durable_exporter(endpoint, retry=None, timeout="2s", **queue):
    """The section of an `otlp` exporter that keeps its queue on the disk; `queue` is what else its sending_queue says."""
    scheme = {} if "://" in endpoint else {"tls": {"insecure": True}}
    return {"endpoint": endpoint, **scheme, "compression": "none", "timeout": timeout,
            "sending_queue": {"storage": "file_storage", "num_consumers": 4, "queue_size": 100_000, **queue},
            "retry_on_failure": retry or QUICK_RETRY}


def numbered_spans(first, count, tenant="", padding=0):
    """A request of spans whose trace ids are the numbers from `first` on."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    if tenant:
        group.resource.attributes.add(key="customer.id").value.string_value = tenant
    spans = group.scope_spans.add().spans
    for number in range(first, first + count):
        span = spans.add(trace_id=number.to_bytes(16, "big"), span_id=(number + 1).to_bytes(8, "big"), name="numbered")
        if padding:
            span.attributes.add(key="padding").value.string_value = "x" * padding
    return request


def numbers_in(message):
    return [int.from_bytes(span.trace_id, "big") for _, _, span in leaves(message)]


def arrived_numbers(sink):
    """The numbers of all spans that arrived, sorted, with duplicates."""
    return sorted(number for message in sink.messages("traces") for number in numbers_in(message))


class Client:
    """A gRPC client that says which requests were answered OK."""

    def __init__(self, process, metadata=()):
        self._channel = grpc.insecure_channel(process.address("otlp_grpc"))
        self._stub = TraceServiceStub(self._channel)
        self._metadata = metadata

    def send(self, request, timeout_s=10):
        self._stub.Export(request, timeout=timeout_s, metadata=self._metadata, wait_for_ready=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()


def send_numbered(process, numbers, per_request=10, **request):
    """Sends the spans of a range; every request must be answered OK."""
    with Client(process) as client:
        for first in range(numbers.start, numbers.stop, per_request):
            client.send(numbered_spans(first, min(per_request, numbers.stop - first), **request))


def metric(process, name, **labels):
    """A self-metric with these labels, summed over all others; None when there is none."""
    text = process.get("metrics", "/metrics")[1]
    values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
              if re.match(rf"{name}(_total)?[{{ ]", line) and all(f'{label}="{value}"' in line for label, value in labels.items())]
    return sum(values) if values else None
