"""The three scenarios of operation of the platform's document, with all real parts: normal operation, the collector is away, the node is down.

Guarantee: what the node's page, the registry and the alerts say follows what happened, within seconds at these intervals, and goes back by itself;
applications are served while the collector is away; every span that was answered with OK arrives, and what arrives twice was on its way when
somebody was killed.
"""

import pytest

from agents import agents_of
from durable import Client, numbered_spans
from monitored_nodes import BATCH_SIZE, BUFFER_BATCHES, Application, Gateway, Monitoring, Node, application_spans, status_of
from otlp_sinks import GrpcSink
from waiting import wait_until

UNREACHABLE = {("AgentCollectorUnreachable", "warning", node) for node in ("web-1", "db-1")}
COLLECTOR_DOWN = ("CollectorDown", "critical", "")
NODE_DOWN = {("AgentDown", "critical", "web-1"), ("CustomerNodeDown", "critical", "web-1")}
OFFLINE = ("EdgeAgentOffline", "critical", "web-1")
RANGE = 1_000_000  # Numbers of one source of spans.


class Platform:
    """Everything at work: one gateway, two nodes, Prometheus."""

    def __init__(self, starter, folder, sink):
        self.sink = sink
        self._next = 0
        self._first_of_test = 0
        self.gateway = Gateway(starter, folder, sink.endpoint).start()
        self.web = Node(starter, folder, "web-1", self.gateway).start()
        self.other = Node(starter, folder, "db-1", self.gateway).start()
        self.nodes = (self.web, self.other)
        wait_until(lambda: self.gateway.states() == {"web-1": "online", "db-1": "online"}, "both agents have registered")
        self.prometheus = Monitoring(folder / "prometheus", self.gateway)

    def numbers(self):
        """The first of the numbers for one source of spans."""
        self._next += RANGE
        return self._next

    def begin(self):
        """For a test, whatever the one before it left behind."""
        for one in (self.gateway, *self.nodes):
            if not one.process.is_alive():
                one.start()
        self.wait_until_normal()
        self._first_of_test = self._next + RANGE

    def wait_until_normal(self):
        """As before whatever happened: page, registry, `up`, alerts."""
        wait_until(lambda: all(node.is_healthy() for node in self.nodes), "the agents are healthy")
        wait_until(lambda: self.gateway.states() == {"web-1": "online", "db-1": "online"}, "both agents are online")
        wait_until(lambda: self.prometheus.up() == {"web-1": 1, "db-1": 1}, "both agents are up")
        self.prometheus.wait_for_peace()

    def account(self, applications, most_twice):
        """Every span that was answered with OK arrives. How many came twice."""
        wanted = {number for one in applications for number in one.acknowledged}
        wait_until(lambda: wanted <= {number for number, _ in application_spans(self.sink)}, "every span arrives")
        wait_until(lambda: all(node.buffer()["current_size"] == 0 for node in self.nodes), "the buffers drain")
        arrived = [number for number, _ in application_spans(self.sink) if number >= self._first_of_test]
        twice = len(arrived) - len(set(arrived))
        print(f"{len(wanted)} spans answered with OK, {len(set(arrived) - wanted)} more arrived, {twice} twice")
        assert len(set(arrived) - wanted) <= most_twice, "nothing arrives that nobody sent"
        assert twice <= most_twice


@pytest.fixture(name="shared", scope="module")
def share(module_vigia, tmp_path_factory):
    with GrpcSink() as sink:
        everything = Platform(module_vigia, tmp_path_factory.mktemp("platform"), sink)
        with everything.prometheus:
            yield everything
            module_vigia.stop_all()  # while there is somebody to send the last of it to


@pytest.fixture
def platform(shared):
    shared.begin()
    return shared


def test_normal_operation(platform):
    prometheus = platform.prometheus
    with Application(platform.web, first=platform.numbers()) as application:
        application.wait_for_more(500)
    platform.account([application], most_twice=0)
    assert application.refusals == 0
    attributes = {item.key: item.value.string_value for item in application_spans(platform.sink)[0][1].resource.attributes}
    assert (attributes["customer.id"], attributes["customer.name"], attributes["node.id"]) == ("acme", "Acme", "web-1")
    for node in platform.nodes:
        status, page = node.health()
        assert (status, page["status"], page["collector_reachable"]) == (200, "healthy", True)
        assert {name: check["status"] for name, check in page["checks"].items() if name != "system_resources"} == {
            "application": "healthy", "collector_connectivity": "healthy", "buffer": "healthy"}
        assert page["checks"]["buffer"]["dropped_spans"] == 0 and page["checks"]["collector_connectivity"]["last_successful_send"]
        labels = f'job="customer-agents",customer_id="acme",node_id="{node.node_id}"'
        prometheus.wait_for(f"agent_collector_reachable{{{labels}}} == 1")
        prometheus.wait_for(f"system_cpu_usage{{{labels}}} >= 0")
        prometheus.wait_for(f"agent_spans_dropped_total{{{labels}}} == 0")
        prometheus.wait_for(f'vigia_agent_up{{customer_id="acme",node_id="{node.node_id}"}} == 1')
    # The documents' own questions.
    assert prometheus.value('count(up{job="customer-agents"} == 1) by (customer_id)') == 2
    prometheus.wait_for("avg(system_cpu_usage) by (customer_id, node_id)")
    prometheus.wait_for("rate(otelcol_receiver_accepted_spans[5m])")
    # The rules have been judged often enough for anything that is wrong to fire.
    prometheus.wait_for('count_over_time(up{job="customer-agents",node="web-1"}[1m]) > 8')
    platform.wait_until_normal()
    assert platform.gateway.states() == {"web-1": "online", "db-1": "online"}


def pour(node, first, wanted_percent):
    """Sends until the node's buffer is so full; what was taken."""
    class Poured:
        acknowledged = []

    with Client(node.process) as client:
        while node.buffer()["usage_percent"] < wanted_percent:
            client.send(numbered_spans(first, BATCH_SIZE))
            Poured.acknowledged.extend(range(first, first + BATCH_SIZE))
            first += BATCH_SIZE
    return Poured


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_the_collector_is_away(platform, end):
    prometheus, web = platform.prometheus, platform.web
    with Application(web, first=platform.numbers()) as application:
        application.wait_for_more()
        if end == "stopped":
            platform.gateway.process.stop()
        else:
            platform.gateway.process.kill()
        wait_until(lambda: all(node.health()[1]["status"] == "degraded" for node in platform.nodes), "the agents notice")
        status, page = web.health()
        connectivity = page["checks"]["collector_connectivity"]
        assert status == 200 and page["collector_reachable"] is False
        assert connectivity["status"] == "unhealthy" and connectivity["error"] and connectivity["retry_attempts"] >= 1
        assert connectivity["endpoint"] == f"127.0.0.1:{platform.gateway.grpc_port}" and connectivity["last_successful_send"]
        assert page["checks"]["application"]["status"] == "healthy"
        prometheus.wait_for_alerts({*UNREACHABLE, COLLECTOR_DOWN})
        # Nobody at the node notices.
        refusals = application.refusals
        application.wait_for_more(500)
        assert application.refusals == refusals
        assert [status_of(web, path) for path in ("/health/live", "/health/ready")] == [200, 200]
        assert prometheus.up() == {"web-1": 1, "db-1": 1}, "the nodes are there: they are scraped although the registry is away"
    poured = pour(web, platform.numbers(), 82)
    page = web.health()[1]
    buffer = page["checks"]["buffer"]
    assert buffer["status"] == "warning" and buffer["max_size"] == BUFFER_BATCHES and 82 <= buffer["usage_percent"] < 90
    assert page["buffer_usage"] == f"{buffer['usage_percent']}%" and buffer["current_size"] >= 82 and buffer["dropped_spans"] == 0
    prometheus.wait_for_alerts({("AgentBufferSaturated", "warning", "web-1")})
    assert not {alert for alert in prometheus.alerts() if alert[0] in ("AgentDown", "CustomerNodeDown", "EdgeAgentOffline")}

    platform.gateway.start()
    with Application(web, first=platform.numbers()) as afterwards:
        afterwards.wait_for_more()
    platform.wait_until_normal()
    # A collector that stops answers what it took; of one that is killed some batches come again.
    platform.account([application, poured, afterwards], most_twice=0 if end == "stopped" else 20 * BATCH_SIZE)
    assert web.buffer()["dropped_spans"] == 0


def test_the_node_is_down(platform):
    prometheus, web = platform.prometheus, platform.web
    (agent_id,) = [agent_id for agent_id, agent in agents_of(platform.gateway.api_port).items() if agent["node_id"] == "web-1"]
    with Application(web, first=platform.numbers()) as application, Application(platform.other, first=platform.numbers()) as neighbour:
        application.wait_for_more(300)
        web.process.kill()
        wait_until(lambda: prometheus.up() == {"web-1": 0, "db-1": 1}, "it is down at the first scrape")
        prometheus.wait_for_alerts(NODE_DOWN)
        (alert,) = [one for one in prometheus.ask("alerts")["alerts"] if one["labels"]["alertname"] == "CustomerNodeDown"]
        assert alert["annotations"]["summary"] == "Nodo web-1 del cliente acme está caído"
        wait_until(lambda: platform.gateway.states() == {"web-1": "offline", "db-1": "online"}, "the registry says so when it was silent long enough")
        prometheus.wait_for('vigia_agent_up{node_id="web-1"} == 0')
        prometheus.wait_for_alerts({*NODE_DOWN, OFFLINE})
        assert prometheus.alerts() == {*NODE_DOWN, OFFLINE}, "of the one node only"
        neighbour.wait_for_more()
        assert platform.other.is_healthy()

        web.start()
        application.wait_for_more(300)
        platform.wait_until_normal()
        assert agent_id in agents_of(platform.gateway.api_port) and len(agents_of(platform.gateway.api_port)) == 2, "it is the same agent"
    assert neighbour.refusals == 0
    platform.account([application, neighbour], most_twice=20 * BATCH_SIZE)
