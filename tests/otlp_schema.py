"""Writes the OTLP schema as a serialized google.protobuf.FileDescriptorSet.

    python tests/otlp_schema.py build/otlp_schema.bin
    VIGIA_OTLP_SCHEMA=build/otlp_schema.bin build/dev/src/otlp_test

The schema is not part of this tree: it comes from the package opentelemetry-proto (tests/requirements.txt). The C++ tests of
src/otlp build libprotobuf's messages from it, as the oracle for what they read and write.
"""

import sys

from google.protobuf import descriptor_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2


def add_file(files, seen, file):
    """Adds a file after everything that it imports."""
    if file.name in seen:
        return
    seen.add(file.name)
    for dependency in file.dependencies:
        add_file(files, seen, dependency)
    files.file.append(descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = descriptor_pb2.FileDescriptorSet()
    seen = set()
    for module in (trace_service_pb2, metrics_service_pb2, logs_service_pb2):
        add_file(files, seen, module.DESCRIPTOR)
    with open(sys.argv[1], "wb") as out:
        out.write(files.SerializeToString())


if __name__ == "__main__":
    main()
