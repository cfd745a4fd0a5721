"""A port's authentication holds for everything that the port answers.

Guarantee: each OTLP port speaks gRPC and HTTP, and whoever may not pass in one of them may not pass in the other; the other port is as
open as its own settings say.
"""

import grpc
import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from telemetry import full_request

TOKEN = {"authorization": "Bearer let-me-in"}


def config(guarded):
    protocols = {name: {"endpoint": "127.0.0.1:0"} for name in ("grpc", "http")}
    protocols[guarded]["auth"] = {"authenticator": "bearertokenauth"}
    return {
        "extensions": {"bearertokenauth": {"token": "let-me-in"}},
        "receivers": {"otlp": {"protocols": protocols}},
        "exporters": {"nop": None},
        "service": {"extensions": ["bearertokenauth"], "telemetry": {"metrics": {"address": "127.0.0.1:0"}},
                    "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}}},
    }


def grpc_code(address, metadata=None):
    with grpc.insecure_channel(address) as channel:
        try:
            TraceServiceStub(channel).Export(full_request("traces"), timeout=10, metadata=tuple((metadata or {}).items()))
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()


def http_status(address, headers=None):
    return requests.post(f"http://{address}/v1/traces", data=full_request("traces").SerializeToString(), timeout=10,
                         headers={"Content-Type": "application/x-protobuf", **(headers or {})}).status_code


@pytest.mark.parametrize("guarded", ["grpc", "http"])
def test_a_guarded_port_is_guarded_in_both_protocols(vigia, guarded):
    process = vigia(config(guarded))
    closed, opened = (process.address(f"otlp_{name}") for name in ((guarded, "http") if guarded == "grpc" else (guarded, "grpc")))
    assert grpc_code(closed) == grpc.StatusCode.UNAUTHENTICATED
    assert http_status(closed) == 401
    assert grpc_code(closed, {"authorization": "Bearer wrong"}) == grpc.StatusCode.UNAUTHENTICATED
    assert grpc_code(closed, TOKEN) == grpc.StatusCode.OK
    assert http_status(closed, TOKEN) == 200
    assert grpc_code(opened) == grpc.StatusCode.OK
    assert http_status(opened) == 200
