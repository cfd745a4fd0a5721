"""OTLP metrics by hand, for tests that compare what comes out value by value."""

import time

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

import requests

CUMULATIVE, DELTA = 2, 1
NO_RECORDED_VALUE = 1
RESOURCE = {"service.name": "shop", "service.namespace": "eu", "service.instance.id": "i-1", "customer.id": "acme", "host.name": "node-7"}
# What the resource gives every series.
RESOURCE_LABELS = {"job": "eu/shop", "instance": "i-1", "customer_id": "acme"}


def set_attributes(target, attributes):
    for key, value in attributes.items():
        any_value = target.add(key=key).value
        if isinstance(value, bool):
            any_value.bool_value = value
        elif isinstance(value, int):
            any_value.int_value = value
        elif isinstance(value, float):
            any_value.double_value = value
        else:
            any_value.string_value = value


class Metrics:
    """A request of one resource and scope; every method adds a metric of one point."""

    def __init__(self, resource=None, scope=""):
        self.request = ExportMetricsServiceRequest()
        group = self.request.resource_metrics.add()
        set_attributes(group.resource.attributes, RESOURCE if resource is None else resource)
        self._scope = group.scope_metrics.add()
        self._scope.scope.name = scope

    def _point(self, points, attributes, time_ns, start_ns=0, flags=0):
        point = points.add(time_unix_nano=time_ns, start_time_unix_nano=start_ns, flags=flags)
        set_attributes(point.attributes, attributes)
        return point

    def gauge(self, name, value, time_ns, attributes=None, unit="", flags=0):
        point = self._point(self._scope.metrics.add(name=name, unit=unit).gauge.data_points, attributes or {}, time_ns, flags=flags)
        point.as_double = value
        return self

    def counter(self, name, value, time_ns, attributes=None, unit="", start_ns=1, temporality=CUMULATIVE, trace_id=None):
        metric = self._scope.metrics.add(name=name, unit=unit, description=f"{name} in words")
        metric.sum.is_monotonic, metric.sum.aggregation_temporality = True, temporality
        point = self._point(metric.sum.data_points, attributes or {}, time_ns, start_ns)
        point.as_double = value
        if trace_id:
            point.exemplars.add(as_double=value, time_unix_nano=time_ns, trace_id=trace_id, span_id=b"\x02" * 8)
        return self

    def histogram(self, name, bounds, counts, total, time_ns, attributes=None, unit="", flags=0):
        metric = self._scope.metrics.add(name=name, unit=unit)
        metric.histogram.aggregation_temporality = CUMULATIVE
        point = self._point(metric.histogram.data_points, attributes or {}, time_ns, 1, flags)
        point.count, point.sum = sum(counts), total
        point.explicit_bounds.extend(bounds)
        point.bucket_counts.extend(counts)
        return self

    def exponential(self, name, scale, zero_count, offset, counts, total, time_ns, unit="", flags=0):
        metric = self._scope.metrics.add(name=name, unit=unit)
        metric.exponential_histogram.aggregation_temporality = CUMULATIVE
        point = self._point(metric.exponential_histogram.data_points, {}, time_ns, 1, flags)
        point.count, point.sum, point.scale, point.zero_count = zero_count + sum(counts), total, scale, zero_count
        point.positive.offset = offset
        point.positive.bucket_counts.extend(counts)
        return self

    def summary(self, name, quantiles, count, total, time_ns):
        point = self._point(self._scope.metrics.add(name=name).summary.data_points, {}, time_ns, 1)
        point.count, point.sum = count, total
        for quantile, value in quantiles.items():
            point.quantile_values.add(quantile=quantile, value=value)
        return self


def send(process, metrics):
    """One request over OTLP/HTTP; it must be taken."""
    request = metrics.request if isinstance(metrics, Metrics) else metrics
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/metrics", data=request.SerializeToString(), timeout=30,
                           headers={"Content-Type": "application/x-protobuf"})
    assert answer.status_code == 200, answer.text
    return answer


def now_ms():
    return time.time_ns() // 1_000_000


def metrics_only(config):
    """The configuration with its pipeline of metrics and no other."""
    pipelines = config["service"]["pipelines"]
    config["service"]["pipelines"] = {"metrics": pipelines["metrics"]}
    return config
