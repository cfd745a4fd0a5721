#!/usr/bin/env python3
"""The operators of log receivers do what the reference Collector's do: the same files through `filelog` of both, compared record by record.

Guarantee: body, attributes, resource, scope, severity, time and trace context are the same. What differs on purpose is
not among the cases; README.md of the operators lists it. All cases share two programs, one receiver and one pipeline for each.

    ./dev check operators [arguments of pytest…]
"""

import json
import os
import sys

import pytest

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", *sys.argv[1:]]))

from operator_cases import CASES
from otlp_sinks import HttpSink, leaves
from services.collector_process import CollectorProcess
from waiting import wait_until

MARK = "x-case"


def configuration_of(folder, url):
    receivers, exporters, pipelines = {}, {}, {}
    for number, case in enumerate(CASES):
        path = folder / str(number) / (case.path or "a.log")
        path.parent.mkdir(parents=True)
        path.write_text("".join(line + "\n" for line in case.lines))
        receivers[f"filelog/{number}"] = {"include": [str(path)], "start_at": "beginning", "poll_interval": "50ms", "operators": case.operators, **case.options}
        # An answer means that the record has been exported.
        exporters[f"otlphttp/{number}"] = {"endpoint": url, "compression": "none", "headers": {MARK: str(number)},
                                           "sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}
        pipelines[f"logs/{number}"] = {"receivers": [f"filelog/{number}"], "exporters": [f"otlphttp/{number}"]}
    return {"receivers": receivers, "exporters": exporters, "service": {"pipelines": pipelines}}


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "kvlist_value":
        return {pair.key: value_of(pair.value) for pair in any_value.kvlist_value.values}
    if kind == "array_value":
        return [value_of(item) for item in any_value.array_value.values]
    return (kind, getattr(any_value, kind)) if kind else None


def attributes_of(pairs):
    return {pair.key: value_of(pair.value) for pair in pairs}


def time_of(record):
    """Of times before 1970, which OTLP does not have, the Collector makes the far future; ours are without a time."""
    return record.time_unix_nano if record.time_unix_nano < 1 << 63 else 0


def record_of(resource_group, scope_group, record):
    """What a record says, without when it was read."""
    return {"body": value_of(record.body), "attributes": attributes_of(record.attributes), "resource": attributes_of(resource_group.resource.attributes),
            "scope": scope_group.scope.name, "severity": (record.severity_number, record.severity_text), "time": time_of(record),
            "trace": (record.trace_id.hex(), record.span_id.hex(), record.flags)}


def received(sink):
    results = {}
    for one in sink.received():
        records = results.setdefault(int(one.headers[MARK]), [])
        records += [record_of(*parts) for parts in leaves(one.message)]
    return results


def run(start, folder):
    """What comes out for each case, when all that is waited for is there and the program has stopped."""
    with HttpSink() as sink:
        process = start(configuration_of(folder, sink.url))
        wanted = {number: case.expected() for number, case in enumerate(CASES)}

        def missing():
            results = received(sink)
            return {CASES[number].name: count for number, count in wanted.items() if len(results.get(number, [])) < count}

        try:
            wait_until(lambda: not missing(), "all records", deadline_s=30)
        except AssertionError:
            # The cases tell for themselves.
            pass
        process.stop()
        return received(sink)


@pytest.fixture(scope="module")
def results(module_vigia, tmp_path_factory):
    def start_collector(config):
        collector = CollectorProcess(tmp_path_factory.mktemp("collector"), config)
        collector.wait_ready()
        return collector

    expected = run(start_collector, tmp_path_factory.mktemp("files"))
    actual = run(module_vigia, tmp_path_factory.mktemp("files"))
    return expected, actual


def in_order(records):
    return sorted(records, key=lambda record: json.dumps(record, sort_keys=True, default=str))


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: CASES[number].name)
def test_the_operators_agree(results, number):
    expected, actual = (in_order(result.get(number, [])) for result in results)
    # The file's own path is another one for each program.
    for record in expected + actual:
        record["attributes"].pop("log.file.path", None)
    assert actual == expected
