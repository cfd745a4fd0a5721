#!/usr/bin/env python3
"""What the dashboards beside this file show: dashboards.py writes them, and a test says when they are not what it would write.

A dashboard is a list of panels, placed from left to right and top to bottom on Grafana's grid of 24 columns.
"""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
UP_OR_DOWN = [{"type": "value", "options": {"0": {"text": "DOWN", "color": "red"}, "1": {"text": "UP", "color": "green"}}}]
RED_WHEN_ZERO = [{"color": "red", "value": None}, {"color": "green", "value": 1}]


def levels(warning, critical):
    return [{"color": "green", "value": None}, {"color": "orange", "value": warning}, {"color": "red", "value": critical}]


def targets(queries, is_instant=False):
    """`queries` is {legend: PromQL}."""
    return [{"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": expression, "legendFormat": legend, "instant": is_instant, "range": not is_instant}
            for index, (legend, expression) in enumerate(queries.items())]


def graph(title, queries, unit="short", *, description="", width=12, most=None, thresholds=None):
    defaults = {"unit": unit, "min": 0, "custom": {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}}
    if most is not None:
        defaults["max"] = most
    if thresholds:
        defaults |= {"thresholds": {"mode": "absolute", "steps": thresholds}}
        defaults["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    return {"type": "timeseries", "title": title, "description": description, "datasource": SOURCE, "targets": targets(queries), "width": width, "height": 8,
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "multi", "sort": "desc"}}}


def tiles(title, queries, *, description="", width=24, unit="short", thresholds=None, mappings=()):
    """A coloured tile for each series."""
    return {"type": "stat", "title": title, "description": description, "datasource": SOURCE, "targets": targets(queries, is_instant=True), "width": width,
            "height": 6, "fieldConfig": {"defaults": {"unit": unit, "mappings": list(mappings), "thresholds": {
                "mode": "absolute", "steps": thresholds or levels(80, 90)}}, "overrides": []},
            "options": {"colorMode": "background", "graphMode": "none", "textMode": "value_and_name",
                        "reduceOptions": {"calcs": ["lastNotNull"], "values": False, "fields": ""}}}


def table(title, queries, *, description="", width=24):
    shown = targets(queries, is_instant=True)
    for target in shown:
        target["format"] = "table"
    return {"type": "table", "title": title, "description": description, "datasource": SOURCE, "targets": shown, "width": width, "height": 10,
            "fieldConfig": {"defaults": {}, "overrides": []}, "options": {"showHeader": True},
            "transformations": [{"id": "merge", "options": {}},
                                {"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True, "alertstate": True}}}]}


def variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "query": {"query": query, "refId": name}, "refresh": 2, "includeAll": True,
            "multi": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "sort": 1}


CUSTOMER = variable("customer", "Cliente", "label_values(agent_collector_reachable, customer_id)")
NODE = variable("node", "Nodo", 'label_values(agent_collector_reachable{customer_id=~"$customer"}, node_id)')
OF_CUSTOMER = 'customer_id=~"$customer"'
OF_NODE = 'customer_id=~"$customer", node_id=~"$node"'


def node_metrics(labels, width=8):
    """CPU, memory and disk of nodes."""
    each = "{{node_id}}"
    return [
        graph("System Metrics: CPU", {each: f"system_cpu_usage{{{labels}}}"}, "percent", width=width, most=100, thresholds=levels(85, 95)),
        graph("System Metrics: RAM", {each: f"system_memory_usage_percent{{{labels}}}"}, "percent", width=width, most=100, thresholds=levels(90, 95)),
        graph("System Metrics: Disco", {f"{each} {{{{mount_point}}}}": f"system_disk_usage_bytes{{{labels}}}"}, "bytes", width=width),
    ]


def agents():
    return "Agentes", [CUSTOMER], [
        tiles("Estado de Agentes", {"{{customer_id}} {{node_id}}": f'up{{job="customer-agents", {OF_CUSTOMER}}}'},
              description="Todos los agentes, verde o rojo", thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        graph("Conectividad", {
            "conectados al Collector": f"sum(agent_collector_reachable{{{OF_CUSTOMER}}})",
            "agentes": f"count(agent_collector_reachable{{{OF_CUSTOMER}}})"}),
        graph("Conectividad: latencia", {"{{node_id}}": f"agent_collector_latency_ms{{{OF_CUSTOMER}}}"}, "ms"),
        graph("Buffer Usage", {"{{node_id}}": f"agent_buffer_usage_percent{{{OF_CUSTOMER}}}"}, "percent", most=100, thresholds=levels(80, 90)),
        graph("Throughput", {
            "{{node_id}}": f"rate(agent_spans_sent_total{{{OF_CUSTOMER}}}[5m])",
            "{{node_id}} descartados": f"rate(agent_spans_dropped_total{{{OF_CUSTOMER}}}[5m])"}, description="Spans por segundo"),
        *node_metrics(OF_CUSTOMER),
        graph("Memoria del agente", {"{{node_id}}": f"agent_memory_usage_mb{{{OF_CUSTOMER}}}"}, "decmbytes", width=24, thresholds=levels(200, 250)),
    ]


def edge_agents():
    labels = 'job="tfo-otel-agent"'
    memory = (f"otelcol_process_memory_rss{{{labels}}} / on (job, instance) group_left () "
              f"min by (job, instance) (vigia_processor_memory_limiter_limit_bytes{{{labels}}}) * 100")
    return "Edge agents", [], [
        tiles("Agent status", {"{{instance}}": f"up{{{labels}}}"}, thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        graph("Data throughput", {
            "{{instance}} metric points": f"rate(otelcol_receiver_accepted_metric_points{{{labels}}}[5m])",
            "{{instance}} spans": f"rate(otelcol_receiver_accepted_spans{{{labels}}}[5m])",
            "{{instance}} log records": f"rate(otelcol_receiver_accepted_log_records{{{labels}}}[5m])"}),
        graph("Error rate", {
            "{{instance}} metric points": f"rate(otelcol_exporter_send_failed_metric_points{{{labels}}}[5m])",
            "{{instance}} spans": f"rate(otelcol_exporter_send_failed_spans{{{labels}}}[5m])",
            "{{instance}} log records": f"rate(otelcol_exporter_send_failed_log_records{{{labels}}}[5m])"}),
        graph("Queue size", {"{{instance}} {{exporter}}": f"otelcol_exporter_queue_size{{{labels}}} / otelcol_exporter_queue_capacity{{{labels}}} * 100"},
              "percent", most=100, thresholds=levels(80, 95)),
        graph("Memory, of the limit", {"{{instance}}": memory}, "percent", thresholds=levels(80, 90)),
        graph("Refused", {"{{instance}} {{receiver}}": f"rate(otelcol_receiver_refused_metric_points{{{labels}}}[5m])"}),
        graph("Heap", {"{{instance}}": f"otelcol_process_runtime_heap_alloc_bytes{{{labels}}}"}, "bytes"),
    ]


def overview():
    return "Vista Global", [], [
        tiles("Nodos activos por cliente", {"{{customer_id}}": 'count(up{job="customer-agents"} == 1) by (customer_id)'}, thresholds=RED_WHEN_ZERO),
        tiles("Nodos DOWN", {"{{customer_id}} {{node_id}}": 'up{job="customer-agents"} == 0'}, thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        table("Clientes y estado de nodos", {"nodos": 'up{job="customer-agents"}'}),
        graph("Uso de CPU promedio", {"{{customer_id}}": "avg(system_cpu_usage) by (customer_id)"}, "percent", most=100),
        graph("Agentes con buffer saturado", {"{{customer_id}} {{node_id}}": "agent_buffer_usage_percent > 80"}, "percent", most=100),
    ]


def customer():
    return "Vista por Cliente", [CUSTOMER], [
        tiles("Nodos", {"{{node_id}}": f'up{{job="customer-agents", {OF_CUSTOMER}}}'}, thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        tiles("Agentes con problemas de conectividad", {"{{node_id}}": f"agent_collector_reachable{{{OF_CUSTOMER}}} == 0"}, thresholds=RED_WHEN_ZERO,
              mappings=UP_OR_DOWN),
        *node_metrics(OF_CUSTOMER),
        graph("Red", {"{{node_id}} {{direction}}": f"rate(system_network_io_bytes{{{OF_CUSTOMER}}}[5m])"}, "Bps", width=24),
    ]


def node():
    return "Vista por Nodo", [CUSTOMER, NODE], [
        tiles("Estado", {"{{node_id}}": f'up{{job="customer-agents", {OF_NODE}}}'}, width=8, thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        tiles("Collector", {"{{node_id}}": f"agent_collector_reachable{{{OF_NODE}}}"}, width=8, thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        tiles("Buffer", {"{{node_id}}": f"agent_buffer_usage_percent{{{OF_NODE}}}"}, width=8, unit="percent"),
        *node_metrics(OF_NODE),
        graph("Memoria", {"{{node_id}}": f"system_memory_usage_bytes{{{OF_NODE}}}"}, "bytes"),
        graph("Red", {"{{node_id}} {{direction}}": f"rate(system_network_io_bytes{{{OF_NODE}}}[5m])"}, "Bps"),
        graph("Throughput", {"{{node_id}}": f"rate(agent_spans_sent_total{{{OF_NODE}}}[5m])"}, description="Spans por segundo"),
        graph("Buffer", {"{{node_id}}": f"agent_buffer_size{{{OF_NODE}}}"}),
    ]


def alerts():
    return "Alertas", [CUSTOMER], [
        tiles("Alertas activas", {"{{severity}}": 'count(ALERTS{alertstate="firing"}) by (severity)'}, thresholds=levels(1, 5)),
        table("Críticas", {"alerta": f'ALERTS{{alertstate="firing", severity="critical", customer_id=~"$customer|"}}'}),
        table("Warnings", {"alerta": f'ALERTS{{alertstate="firing", severity="warning", customer_id=~"$customer|"}}'}),
        graph("Historia", {"{{alertname}}": 'count(ALERTS{alertstate="firing"}) by (alertname)'}, width=24),
    ]


def infrastructure():
    labels = 'job="otel-collector"'
    return "Infraestructura (SRE)", [], [
        tiles("Collectors", {"{{instance}}": f"up{{{labels}}}"}, thresholds=RED_WHEN_ZERO, mappings=UP_OR_DOWN),
        graph("Tasa de ingesta", {
            "spans": f"sum(rate(otelcol_receiver_accepted_spans{{{labels}}}[5m]))",
            "metric points": f"sum(rate(otelcol_receiver_accepted_metric_points{{{labels}}}[5m]))",
            "log records": f"sum(rate(otelcol_receiver_accepted_log_records{{{labels}}}[5m]))"}),
        graph("Latencia del collector", {"p95": f"histogram_quantile(0.95, otelcol_processor_batch_batch_send_duration_bucket{{{labels}}})"}, "s"),
        graph("Errores de exportación", {"{{exporter}}": f"rate(otelcol_exporter_send_failed_spans{{{labels}}}[5m])"}),
        graph("Rechazados", {"{{receiver}}": f"rate(otelcol_receiver_refused_spans{{{labels}}}[5m])"}),
        graph("Cola", {"{{exporter}}": f"otelcol_exporter_queue_size{{{labels}}} / otelcol_exporter_queue_capacity{{{labels}}} * 100"}, "percent", most=100,
              thresholds=levels(80, 95)),
        graph("En disco", {"{{exporter}} {{data_type}}": f"vigia_exporter_queue_bytes{{{labels}}}"}, "bytes"),
        graph("Memoria", {"{{instance}}": f"otelcol_process_memory_rss{{{labels}}}"}, "bytes"),
        graph("CPU", {"{{instance}}": f"rate(otelcol_process_cpu_seconds{{{labels}}}[5m])"}, "percentunit"),
    ]


def placed(panels):
    """Panels with their places: a row is full when the next panel would not fit."""
    x, y, row_height = 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        width, height = panel.pop("width"), panel.pop("height")
        if x + width > 24:
            x, y, row_height = 0, y + row_height, 0
        yield {"id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}, **panel}
        x, row_height = x + width, max(row_height, height)


def dashboard(name, title, variables, panels):
    source = {"name": "datasource", "label": "Datos", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0}
    return {
        "uid": f"vigia-{name}", "title": f"Vigía: {title}", "tags": ["vigia"], "schemaVersion": 38, "version": 1, "editable": True, "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"}, "timezone": "browser", "templating": {"list": [source, *variables]},
        "links": [{"type": "dashboards", "title": "Vigía", "tags": ["vigia"], "asDropdown": True, "includeVars": True, "keepTime": True}],
        "panels": list(placed(panels)), "annotations": {"list": []},
    }


def dashboards():
    """{file name: text} of all of them."""
    pages = {"agents": agents, "edge-agents": edge_agents, "overview": overview, "customer": customer, "node": node, "alerts": alerts,
             "infrastructure": infrastructure}
    return {f"{name}.json": json.dumps(dashboard(name, *page()), indent=1, ensure_ascii=False) + "\n" for name, page in pages.items()}


if __name__ == "__main__":
    for file_name, text in dashboards().items():
        (HERE / file_name).write_text(text)
