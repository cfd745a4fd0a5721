"""`vigia edge`: the gateway of a place whose network comes and goes.

Guarantee: what was answered with OK is delivered, through an outage of the backend and a kill of the program, for all three signals. When
a quota is full traces and metrics give way, the oldest first, logs are refused, and no signal takes another's room.
"""

import time

import pytest
import requests

from otlp_sinks import HttpSink, items
from telemetry import many_spans
from durable import metric, numbered_spans, numbers_in
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from waiting import wait_until
