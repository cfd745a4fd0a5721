"""The clocks of a node and of the registry are set to other years while everything is at work, ahead and back.

Guarantee: only dates change. Pages are scraped and files are read at the same pace, nobody is offline because of it, who is offline stays so, and
every span and line arrives.
"""

import calendar
import json
import time

from agents import agents_of
from exposition_target import ExpositionTarget
from monitored_nodes import Application, Gateway, Node, application_spans
from node_input import text_attributes
from otlp_sinks import leaves
from stepped_clock import SteppedClock
from waiting import wait_until

DAY_S = 86_400
STEPS = (400 * DAY_S, -400 * DAY_S, 0)


def date_of(process):
    """Seconds since 1970, as the program believes."""
    return calendar.timegm(time.strptime(json.loads(process.get("http", "/health")[1])["timestamp"][:19], "%Y-%m-%dT%H:%M:%S"))


class Arrived:
    def __init__(self, sink, page, log):
        self._sink, self._page, self._log = sink, page, log

    def scrapes(self):
        """The times of all scrapes of the page, as they came."""
        return [metric.gauge.data_points[0].time_unix_nano / 1e9 for message in self._sink.messages("metrics") for group, _, metric in leaves(message)
                if metric.name == "up" and text_attributes(group.resource).get("server.port") == str(self._page.port)]

    def lines(self):
        """(text, when it was observed) of all lines of the log."""
        return [(record.body.string_value, record.observed_time_unix_nano / 1e9) for message in self._sink.messages("logs")
                for _, _, record in leaves(message) if text_attributes(record).get("log.file.path") == str(self._log)]


def test_clocks_are_set(vigia, tmp_path, grpc_sink):
    clock, log = SteppedClock(tmp_path), tmp_path / "app.log"
    with ExpositionTarget("page 1\n") as page:
        gateway = Gateway(vigia, tmp_path, grpc_sink.endpoint, clock.environment()).start()
        telemetry = {"metrics": {"interval": "1s", "scrape": [page.address]}, "logs": {"include": [str(log)]}}
        web = Node(vigia, tmp_path, "web-1", gateway, telemetry, clock.environment()).start()
        gone = Node(vigia, tmp_path, "db-1", gateway, environment=clock.environment()).start()
        arrived = Arrived(grpc_sink, page, log)
        states = {"web-1": "online", "db-1": "online"}
        wait_until(lambda: gateway.states() == states, "both agents have registered")
        wait_until(arrived.scrapes, "the page is scraped")
        log.write_text("begin\n")
        wait_until(arrived.lines, "the log is read")

        def holds_all_the_while(condition):
            assert gateway.states() == states, [(agent["last_seen_at"], agent["status"]) for agent in agents_of(gateway.api_port).values()]
            assert web.is_healthy()
            return condition()

        applications, lines = [], ["begin"]
        for number, step_s in enumerate(STEPS):
            clock.set_ahead(step_s)
            is_noticed = lambda step_s=step_s: all(abs(date_of(one) - time.time() - step_s) < DAY_S for one in (gateway.process, web.process))  # noqa: E731
            wait_until(lambda: holds_all_the_while(is_noticed), f"the clocks are set to {step_s:+d} s")
            scrapes, began_s = len(arrived.scrapes()), time.monotonic()
            lines.append(f"after {step_s:+d} s")
            with log.open("a") as file:
                file.write(lines[-1] + "\n")
            with Application(web, first=(number + 1) * 1_000_000) as application:
                application.wait_for_more()
            applications.append(application)
            wait_until(lambda: holds_all_the_while(lambda: [text for text, _ in arrived.lines()] == lines), "the line arrives")
            assert abs(arrived.lines()[-1][1] - time.time() - step_s) < DAY_S
            wait_until(lambda scrapes=scrapes: holds_all_the_while(lambda: len(arrived.scrapes()) >= scrapes + 3), "the page is scraped on")
            assert len(arrived.scrapes()) - scrapes <= time.monotonic() - began_s + 2, "once a second, and what a step leaves out is not made up for"
            assert abs(arrived.scrapes()[-1] - time.time() - step_s) < DAY_S
            assert web.health()[1]["uptime_seconds"] < 120
            if gone.process.is_alive():
                gone.process.kill()
                states["db-1"] = "offline"
                wait_until(lambda: gateway.states() == states, "silence is offline, whatever the date")
        wanted = {number for one in applications for number in one.acknowledged}
        wait_until(lambda: wanted <= {number for number, _ in application_spans(grpc_sink)}, "every span arrives")
        assert sum(one.refusals for one in applications) == 0 and [text for text, _ in arrived.lines()] == lines
