#!/usr/bin/env python3
"""What 10,000 agents cost their registry.

    ./dev bench registry [--quick] [--agents N] [--interval S] [--seconds N] [--cores 0]

The agents register, in a database on the disk, and then beat evenly spread over the interval, for as long as asked. CPU is user and system
time of the registry's process, in percent of one core: `connections` each on a connection of its own; `kept` on connections that
stay open, as our agents keep theirs. Beside it stands what one registration costs, and what the registry
holds in memory.
"""

import argparse
import http.client
import json
import tempfile
import time
from pathlib import Path

from measure import program, report
from measure.processes import Failure, Pinned, free_port, pause
from measure.systems import vigia_binary

AIM_PERCENT = 1.0
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:0"}}}}}}}}
exporters: {{nop: }}
extensions: {{agent_registry: {{endpoint: "127.0.0.1:{port}", directory: "{folder}"}}}}
service:
  extensions: [agent_registry]
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}
"""


class OneWrite(http.client.HTTPConnection):
    """Sends head and body together, as our agents do; the library sends them apart, which wakes the other side twice."""

    def endheaders(self, message_body=None, **_):
        self._buffer.extend((b"", message_body or b""))
        message = b"\r\n".join(self._buffer)
        self._buffer.clear()
        self._HTTPConnection__state = http.client._CS_REQ_SENT
        self.send(message)


class Agents:
    def __init__(self, port, count):
        self.port, self.count, self.kept = port, count, OneWrite("127.0.0.1", port, timeout=30)

    def post(self, path, body, is_kept=True):
        connection = self.kept if is_kept else OneWrite("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body.encode(), {"Content-Type": "application/json", "X-Tenant-Id": "acme"})
        response = connection.getresponse()
        text = response.read()
        if response.status // 100 != 2:
            raise Failure(f"{path}: {response.status} {text.decode()}")
        if not is_kept:
            connection.close()

    def register(self, number):
        document = {"agent_id": f"agent-{number:06}", "version": "1.0.0", "hostname": f"host-{number}", "ip_address": "10.0.1.15",
                    "capabilities": ["otlp_grpc", "otlp_http", "prometheus_scrape"], "metrics_port": 8080,
                    "resource_attributes": {"os.type": "linux", "os.description": "Debian GNU/Linux 12", "host.arch": "amd64"}}
        self.post("/api/v1/agents/register", json.dumps(document))

    def beat(self, number, is_kept):
        self.post(f"/api/v1/agents/agent-{number % self.count:06}/heartbeat", "{}", is_kept)


def resident_mib(process):
    text = Path(f"/proc/{process.process.pid}/statm").read_text().split()
    return int(text[1]) * 4096 / 2**20


def beat_for(agents, process, seconds, per_second, is_kept):
    """Percent of a core, and heartbeats sent."""
    start, cpu, sent = time.monotonic(), process.cpu_ns(), 0
    while (now := time.monotonic() - start) < seconds:
        if sent > now * per_second:
            pause(sent / per_second - now)
            continue
        agents.beat(sent, is_kept)
        sent += 1
    elapsed = time.monotonic() - start
    if sent < 0.95 * elapsed * per_second:
        raise Failure(f"only {sent} of {elapsed * per_second:.0f} heartbeats were sent")
    return (process.cpu_ns() - cpu) / elapsed / 1e7, sent


def measure(arguments, folder):
    port = free_port()
    config = Path(folder) / "config.yaml"
    config.write_text(CONFIG.format(port=port, folder=Path(folder) / "control"))
    with Pinned("registry", [vigia_binary(), f"--config={config}"], arguments.cores, folder) as process:
        process.wait_for_ports([port])
        idle = resident_mib(process)
        agents = Agents(port, arguments.agents)
        cpu = process.cpu_ns()
        for number in range(arguments.agents):
            agents.register(number)
        registration_ns = (process.cpu_ns() - cpu) / arguments.agents
        rows = [("register", registration_ns, None, None)]
        pause(6)
        nothing = process.cpu_ns()
        pause(arguments.seconds / 3)
        idle_percent = (process.cpu_ns() - nothing) / (arguments.seconds / 3) / 1e7
        rows.append(("idle", None, idle_percent, resident_mib(process)))
        for name, is_kept in (("connections", False), ("kept", True)):
            percent, sent = beat_for(agents, process, arguments.seconds, arguments.agents / arguments.interval, is_kept)
            rows.append((name, percent * 1e7 * arguments.seconds / sent, percent, resident_mib(process)))
        return idle, rows


def main():
    parser = argparse.ArgumentParser(prog="./dev bench registry", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="15 seconds of heartbeats instead of 60")
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--interval", type=float, default=60, help="seconds between two heartbeats of an agent; 60")
    parser.add_argument("--seconds", type=float, help="of heartbeats, each way")
    parser.add_argument("--cores", type=int, default=0, help="the core of the registry; 0")
    arguments = parser.parse_args()
    arguments.seconds = arguments.seconds or (15 if arguments.quick else 60)
    with tempfile.TemporaryDirectory(prefix="vigia-bench-") as folder:
        idle, rows = measure(arguments, folder)
    print(f"{arguments.agents} agents, one heartbeat each in {arguments.interval:g} s; {idle:.1f} MiB without agents\n")
    print(report.table(["case", "ns a request", "% of a core", "RSS MiB"], rows))
    kept = next(percent for name, _, percent, _ in rows if name == "kept")
    print(f"\n{kept:.2f} % of a core on kept connections; < {AIM_PERCENT:g} %: {'reached' if kept < AIM_PERCENT else 'MISSED'}")
    cases = [{"name": name, "results": [{"system": "vigia", "cpu_ns_per_item": ns, "cpu_percent": percent, "rss_mib_peak": rss}]}
             for name, ns, percent, rss in rows]
    return program.write("registry", cases, {"agents": arguments.agents, "interval_s": arguments.interval, "seconds": arguments.seconds})


if __name__ == "__main__":
    program.run(main)
