#!/usr/bin/env python3
"""The processors do what the reference Collector's do: the same requests through the same section of both, compared field by field.

Guarantee: for `resource`, `attributes`, `filter` and `probabilistic_sampler` what comes out is the same, except for what is listed here
as a difference on purpose. All cases of a family share two programs: one receiver, a pipeline for each case, a mark on what it sends.

    ./dev check processors [arguments of pytest…]
"""

import functools
import os
import sys

import pytest
import requests

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", *sys.argv[1:]]))

from configurations import otlp_receiver
from otlp_sinks import HttpSink
from processor_cases import CASES, SIGNALS
from processor_data import comparable, requests_of
from services.peers import ReferenceCollector

MARK = "x-case"
UNPROCESSED = "none"


def parts_of(cases, url):
    """Processors, exporters and pipelines for all cases, and for none at all."""
    processors, exporters, pipelines = {}, {}, {}
    for number, case in [(UNPROCESSED, None), *enumerate(cases)]:
        # An answer means that everything has been exported.
        exporters[f"otlphttp/{number}"] = {"endpoint": url, "compression": "none", "headers": {MARK: str(number)},
                                           "sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}
        if case:
            processors[f"{case.processor}/{number}"] = case.section
        for signal in case.signals if case else SIGNALS:
            pipelines[f"{signal}/{number}"] = {"receivers": ["otlp"], "processors": [f"{case.processor}/{number}"] if case else [],
                                               "exporters": [f"otlphttp/{number}"]}
    return processors, exporters, pipelines


def send_all(port, sink, family):
    """What comes out for {(case's number, signal): requests}."""
    for signal in SIGNALS:
        for request in requests_of(signal, family):
            answer = requests.post(f"http://127.0.0.1:{port}/v1/{signal}", data=request.SerializeToString(), timeout=60,
                                   headers={"Content-Type": "application/x-protobuf", "X-Tenant": "acme"})
            assert answer.status_code == 200, answer.text
    results = {}
    for one in sink.received():
        results.setdefault((one.headers[MARK], one.signal), []).append(one.message)
    return results


class Families:
    """Runs both programs for a family of cases when the first of it is asked for."""

    def __init__(self, start_vigia, folder):
        self.start_vigia = start_vigia
        self.folder = folder

    @functools.lru_cache(maxsize=None)
    def results(self, family):
        cases = tuple(case for case in CASES if case.family == family)
        with HttpSink() as sink:
            processors, exporters, pipelines = parts_of(cases, sink.url)
            service = {"processors": processors, "pipelines": pipelines, "protocol": {"include_metadata": True}}
            folder = self.folder(family.replace(" ", "-"))
            with ReferenceCollector(folder, exporters, service=service) as collector:
                expected = send_all(collector.http_port, sink, family)
        with HttpSink() as sink:
            processors, exporters, pipelines = parts_of(cases, sink.url)
            options = {"include_metadata": True}
            process = self.start_vigia({"receivers": otlp_receiver(grpc=options, http=options), "processors": processors, "exporters": exporters,
                                        "service": {"pipelines": pipelines}})
            actual = send_all(process.ports["otlp_http"], sink, family)
            process.stop()
        return {case.name: str(number) for number, case in enumerate(cases)}, expected, actual


@pytest.fixture(scope="module")
def families(module_vigia, tmp_path_factory):
    return Families(module_vigia, tmp_path_factory.mktemp)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}: {case.name}")
def test_the_processors_agree(families, case):
    numbers, expected, actual = families.results(case.family)
    for signal in case.signals:
        key = (numbers[case.name], signal)
        assert comparable(actual.get(key, [])) == comparable(expected.get(key, [])), signal
