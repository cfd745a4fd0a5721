"""Configurations for the tests, on free ports of the loopback."""


def otlp_receiver(tls=None, grpc=None, http=None):
    protocols = {"grpc": {"endpoint": "127.0.0.1:0", **(grpc or {})}, "http": {"endpoint": "127.0.0.1:0", **(http or {})}}
    if tls:
        for protocol in protocols.values():
            protocol["tls"] = tls
    return {"otlp": {"protocols": protocols}}


def forwarding(exporters, processors=(), receiver=None, extensions=None):
    """OTLP in, the processors in their order, the exporters out; the same for all three signals."""
    processors = processors if isinstance(processors, dict) else {name: None for name in processors}
    receivers = receiver or otlp_receiver()
    pipeline = {"receivers": list(receivers), "processors": list(processors), "exporters": list(exporters)}
    config = {
        "receivers": receivers,
        "processors": processors,
        "exporters": exporters,
        "service": {"pipelines": {signal: dict(pipeline) for signal in ("traces", "metrics", "logs")}},
    }
    if extensions:
        config["extensions"] = extensions
        config["service"]["extensions"] = list(extensions)
    return config
