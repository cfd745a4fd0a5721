"""Metrics of a host as plain points, whichever program read them."""

from dataclasses import dataclass

from otlp_sinks import leaves


@dataclass(frozen=True)
class Point:
    metric: str
    unit: str
    kind: str  # "gauge" or "sum"
    is_monotonic: bool
    type: str  # "int" or "double"
    attributes: frozenset
    resource: frozenset
    scope: str
    value: float
    start_ns: int
    time_ns: int

    def attribute(self, key):
        return dict(self.attributes).get(key)

    def shape(self):
        """All but what changes from one reading to the next."""
        return (self.metric, self.unit, self.kind, self.is_monotonic, self.type, self.attributes, self.scope)


def pairs(attributes):
    return frozenset((one.key, getattr(one.value, one.value.WhichOneof("value"))) for one in attributes)


def points_of(messages):
    points = []
    for message in messages:
        for group, scope, metric in leaves(message):
            kind = metric.WhichOneof("data")
            data = getattr(metric, kind)
            is_monotonic = kind == "sum" and data.is_monotonic
            assert kind == "gauge" or data.aggregation_temporality == 2, metric
            for one in data.data_points:
                field = one.WhichOneof("value")
                points.append(Point(metric.name, metric.unit, kind, is_monotonic, field.removeprefix("as_"), pairs(one.attributes),
                                    pairs(group.resource.attributes), scope.scope.name, getattr(one, field),
                                    one.start_time_unix_nano, one.time_unix_nano))
    return points


def pipeline_config(receiver, url):
    """A configuration that sends what `receiver` reads to `url`, request by request."""
    exporter = {"endpoint": url, "compression": "none", "sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}
    return {"receivers": {"hostmetrics": receiver}, "exporters": {"otlphttp": exporter},
            "service": {"pipelines": {"metrics": {"receivers": ["hostmetrics"], "exporters": ["otlphttp"]}}}}
