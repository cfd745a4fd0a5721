"""The systems under test: how each is started for a case, and what it calls itself."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .processes import Failure, Pinned, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
SIGNALS = ("traces", "metrics", "logs")


@dataclass
class Forwarding:
    """What a case asks of a system: OTLP in on both protocols, processors, OTLP out to a sink."""

    export_protocol: str = "grpc"
    export_compression: str = "none"
    processors: dict = field(default_factory=dict)  # the Collector's configuration, in the order of the pipeline
    # "": the queue is in memory; "always", "never": it is on the disk, and every request is synced before its answer, or none is.
    sync: str = ""
    queue_bytes: int = 0  # 0: the system's default


@dataclass
class Ports:
    grpc: int
    http: int
    metrics: int

    @staticmethod
    def free():
        return Ports(free_port(), free_port(), free_port())

    def of(self, protocol):
        return self.grpc if protocol == "grpc" else self.http


def receivers(ports):
    return {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{ports.grpc}", "max_recv_msg_size_mib": 16},
                                   "http": {"endpoint": f"127.0.0.1:{ports.http}"}}}}


def exporter(forwarding, sink):
    queue = sending_queue(forwarding)
    if forwarding.export_protocol == "grpc":
        return {"otlp": {"endpoint": f"127.0.0.1:{sink.grpc}", "tls": {"insecure": True}, "compression": forwarding.export_compression, **queue}}
    return {"otlphttp": {"endpoint": f"http://127.0.0.1:{sink.http}", "compression": forwarding.export_compression, **queue}}


def sending_queue(forwarding):
    queue = {}
    if forwarding.sync:
        queue["storage"] = "file_storage"
    if forwarding.queue_bytes:
        queue |= {"sizer": "bytes", "queue_size": forwarding.queue_bytes}
    # Who keeps data on the disk for a backend that is away asks often whether it is back.
    retry = {"initial_interval": "100ms", "max_interval": "1s", "max_elapsed_time": "0s"}
    return {"sending_queue": queue, "retry_on_failure": retry} if queue else {}


def collector_config(ports, exporters, processors, telemetry_metrics, extensions=None):
    """A configuration that the Collector and vigia both read; JSON is YAML."""
    pipeline = {"receivers": ["otlp"], "processors": list(processors), "exporters": list(exporters)}
    return json.dumps({
        "extensions": extensions or {},
        "receivers": receivers(ports),
        "processors": processors,
        "exporters": exporters,
        "service": {"telemetry": {"metrics": telemetry_metrics, "logs": {"level": "warn"}},
                    "extensions": list(extensions or {}),
                    "pipelines": {signal: pipeline for signal in SIGNALS}},
    }, indent=1)


def storage_folder(folder):
    """Where a system that was started in this folder keeps its queue."""
    return Path(folder) / "storage"


class Vigia:
    name = "vigia"

    def __init__(self, binary):
        self.binary = binary
        text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = re.search(r"\d+\.\d+\S*", text).group(0)

    def cannot(self, forwarding):
        return None

    def start(self, forwarding, ports, sink, core, folder):
        extensions = {"file_storage": self._storage(forwarding.sync, str(storage_folder(folder)))} if forwarding.sync else {}
        config = collector_config(ports, exporter(forwarding, sink), forwarding.processors, self._metrics(ports), extensions)
        return self._run(config, ports, core, folder, self.name)

    def start_sink(self, ports, core, folder, name="sink"):
        """The cheapest receiver there is: takes OTLP, counts it, throws it away."""
        return self._run(collector_config(ports, {"nop": None}, {}, self._metrics(ports)), ports, core, folder, name)

    def _metrics(self, ports):
        return {"address": f"127.0.0.1:{ports.metrics}"}

    def _storage(self, sync, directory):
        # Its default is to sync.
        return {"directory": directory, "create_directory": True, **({} if sync == "always" else {"sync": sync})}

    def _run(self, config, ports, core, folder, name):
        path = Path(folder) / f"{name}.yaml"
        path.write_text(config)
        process = Pinned(name, [self.binary, f"--config={path}"], core, folder)
        process.wait_for_ports([ports.grpc, ports.http, ports.metrics])
        return process


class Collector(Vigia):
    name = "otelcol"

    def __init__(self, binary, version):
        self.binary = binary
        self.version = version

    def _metrics(self, ports):
        exporter = {"prometheus": {"host": "127.0.0.1", "port": ports.metrics}}
        return {"readers": [{"pull": {"exporter": exporter}}]}

    def _storage(self, sync, directory):
        return {"directory": directory, "create_directory": True, "fsync": sync == "always"}


class Rotel:
    name = "rotel"

    def __init__(self, binary, version):
        self.binary = binary
        self.version = version

    def cannot(self, forwarding):
        """What keeps it from a case; None when nothing does."""
        if forwarding.sync or forwarding.queue_bytes:
            return "keeps no queue on the disk"
        if forwarding.export_compression not in ("none", "gzip"):
            return f"does not send {forwarding.export_compression}"
        # Without a memory limiter it just goes on.
        foreign = set(forwarding.processors) - {"batch", "resource", "memory_limiter"}
        return f"has no {', '.join(sorted(foreign))}" if foreign else None

    def start(self, forwarding, ports, sink, core, folder):
        scheme_port = sink.of(forwarding.export_protocol)
        command = [self.binary, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{ports.grpc}", "--otlp-http-endpoint", f"127.0.0.1:{ports.http}",
                   "--otlp-grpc-max-recv-msg-size-mib", "16", "--exporter", "otlp", "--otlp-exporter-protocol", forwarding.export_protocol,
                   "--otlp-exporter-endpoint", f"http://127.0.0.1:{scheme_port}", "--otlp-exporter-compression", forwarding.export_compression,
                   "--otlp-exporter-retry-initial-backoff", "1s", "--pid-file", str(Path(folder) / "rotel.pid"),
                   "--log-file", str(Path(folder) / "rotel-agent.log")]
        if "batch" not in forwarding.processors:
            command.append("--disable-batching")
        if "resource" in forwarding.processors:
            pairs = [f"{action['key']}={action['value']}" for action in forwarding.processors["resource"]["attributes"]]
            command += ["--otel-resource-attributes", ",".join(pairs)]
        process = Pinned(self.name, command, core, folder)
        process.wait_for_ports([ports.grpc, ports.http])
        return process


def read_versions():
    pairs = re.findall(r"^(\w+)=(\S+)$", (ROOT / "tests/services/versions.env").read_text(), re.MULTILINE)
    return dict(pairs)


def install_peers(names):
    """{name: program}, installed by tests/services/install when they are missing."""
    done = subprocess.run([ROOT / "tests/services/install", *names], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure("the peers could not be installed")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def vigia_binary():
    path = Path(os.environ.get("VIGIA_BINARY", ROOT / "build/release/src/app/vigia"))
    if not path.exists():
        raise Failure(f"{path} is not built: ./dev build release vigia")
    return str(path)


def all_systems(names):
    versions = read_versions()
    programs = install_peers([name for name in ("collector", "rotel") if {"collector": "otelcol"}.get(name, name) in names])
    makers = {
        "vigia": lambda: Vigia(vigia_binary()),
        "otelcol": lambda: Collector(programs["collector"], versions["COLLECTOR_VERSION"].lstrip("v")),
        "rotel": lambda: Rotel(programs["rotel"], versions["ROTEL_VERSION"]),
    }
    return [makers[name]() for name in names]
