"""The cases of the pipeline benchmark. Every system gets the same bytes at the same rate.

Rates are items a second, and low enough that the slowest system keeps up on one core: CPU per item is measured there. The
ceiling is found apart, by raising the rate until something gives.
"""

from dataclasses import dataclass, field

from .systems import Forwarding

TWO_RESOURCE_UPSERTS = {"resource": {"attributes": [
    {"key": "deployment.environment", "value": "production", "action": "upsert"},
    {"key": "customer.id", "value": "cust-7", "action": "upsert"},
]}}
# Two that are there already, two that are new.
FOUR_SPAN_UPSERTS = {"attributes": {"actions": [
    {"key": "http.method", "value": "GET", "action": "upsert"},
    {"key": "net.peer.port", "value": 443, "action": "upsert"},
    {"key": "edge.region", "value": "eu-west-1", "action": "upsert"},
    {"key": "edge.sampled", "value": True, "action": "upsert"},
]}}
BATCH = {"batch": None}

SMALL, LARGE = 20, 1000  # spans in a request: about 8 KB and 400 KB


@dataclass
class Case:
    name: str
    what: str
    signal: str = "traces"
    protocol: str = "grpc"  # of the load generator
    compression: str = "none"
    batch: int = LARGE
    connections: int = 8
    rate: int = 100_000
    forwarding: Forwarding = field(default_factory=Forwarding)
    is_quick: bool = False  # part of the short form


def compressed(protocol, compression):
    return Forwarding(export_protocol=protocol, export_compression=compression)


RATE_CASES = [
    Case("grpc", "gRPC → gRPC, 1000-span requests", is_quick=True),
    Case("grpc-gzip", "the same with gzip both ways", compression="gzip", rate=30_000, forwarding=compressed("grpc", "gzip"), is_quick=True),
    Case("grpc-zstd", "the same with zstd both ways", compression="zstd", rate=30_000, forwarding=compressed("grpc", "zstd")),
    Case("http", "HTTP → HTTP, 1000-span requests", protocol="http", forwarding=compressed("http", "none")),
    Case("http-gzip", "the same with gzip both ways", protocol="http", compression="gzip", rate=30_000, forwarding=compressed("http", "gzip")),
    Case("http-zstd", "the same with zstd both ways", protocol="http", compression="zstd", rate=30_000, forwarding=compressed("http", "zstd")),
    Case("resource-2", "gRPC, 2 resource upserts", forwarding=Forwarding(processors=TWO_RESOURCE_UPSERTS)),
    Case("attributes-4", "gRPC, 4 attribute upserts on every span", forwarding=Forwarding(processors=FOUR_SPAN_UPSERTS), is_quick=True),
    Case("grpc-8kb", "gRPC, 20-span requests", batch=SMALL, rate=20_000, is_quick=True),
    Case("grpc-8kb-batched", "gRPC, 20-span requests, batch processor", batch=SMALL, rate=20_000, forwarding=Forwarding(processors=BATCH)),
    Case("http-8kb", "HTTP, 20-span requests", protocol="http", batch=SMALL, rate=20_000, forwarding=compressed("http", "none")),
    Case("grpc-1-connection", "gRPC, 1000-span requests on 1 connection", connections=1),
    Case("grpc-64-connections", "gRPC, 1000-span requests on 64 connections", connections=64),
    Case("grpc-8kb-1-connection", "gRPC, 20-span requests on 1 connection", batch=SMALL, connections=1, rate=20_000),
    Case("grpc-8kb-64-connections", "gRPC, 20-span requests on 64 connections", batch=SMALL, connections=64, rate=20_000),
    Case("metrics-grpc", "gRPC, 1000 data points a request", signal="metrics", rate=150_000),
    Case("metrics-grpc-gzip", "the same with gzip both ways", signal="metrics", compression="gzip", rate=75_000,
         forwarding=compressed("grpc", "gzip")),
    Case("logs-grpc", "gRPC, 1000 log records a request", signal="logs"),
    Case("logs-grpc-gzip", "the same with gzip both ways", signal="logs", compression="gzip", rate=30_000, forwarding=compressed("grpc", "gzip")),
]

CEILING_CASES = [
    Case("ceiling-grpc", "highest rate that arrives whole, gRPC, 1000-span requests", is_quick=True),
    Case("ceiling-grpc-gzip", "the same with gzip both ways", compression="gzip", rate=50_000, forwarding=compressed("grpc", "gzip")),
    Case("ceiling-grpc-8kb", "the same, gRPC, 20-span requests", batch=SMALL, rate=50_000),
]

STALLED_LIMIT_MIB = 128
LIMITER = {"memory_limiter": {"check_interval": "100ms", "limit_mib": STALLED_LIMIT_MIB, "spike_limit_mib": 24}}
STALLED_CASE = Case("stalled-backend", f"backend frozen, 100,000 spans/s offered, memory_limiter at {STALLED_LIMIT_MIB} MiB where there is one",
                    forwarding=Forwarding(processors=LIMITER), is_quick=True)
DOOR_CASE = "validation"
