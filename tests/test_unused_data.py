"""What lies in a storage and is nobody's any more, because the configuration has changed: each of it is told of once, with what to do.

Guarantee: a pipeline with another name, an overflow or an exporter that is gone leave nothing behind in silence; what is drained is not told
of; and what is put back is delivered.
"""

import re

from durable import arrived_numbers, durable_exporter, metric, send_numbered
from test_overflow import config_of, overflow_directory, overflow_files, overflow_items
from vigia_process import as_yaml, run_vigia
from waiting import wait_until

GONE_PIPELINE = "a storage holds data of a pipeline that does not use it any more"
GONE_OVERFLOW = "a storage holds the overflow of an exporter that has none there any more"
GONE_EXPORTER = "the journal holds data for an exporter that its pipeline does not have any more"


def renamed(config, name):
    pipelines = config["service"]["pipelines"]
    return {**config, "service": {**config["service"], "pipelines": {name: pipelines["traces"]}}}


def unused_bytes(process, storage="file_storage"):
    return metric(process, "vigia_storage_unused_bytes", storage=storage)


def wait_until_drained(process):
    wait_until(lambda: metric(process, "vigia_exporter_queue_items") == 0, "the queue is empty")


def test_the_journal_of_a_pipeline_with_another_name(durable, backend):
    config = durable.config({"otlp": backend.endpoint})
    process = durable.start(config)
    send_numbered(process, range(50))
    assert unused_bytes(process) == 0
    process.stop()
    process = durable.start(renamed(config, "traces/new"))
    (line,) = [line for line in process.log().splitlines() if GONE_PIPELINE in line]
    assert f'"pipeline":"traces", "directory":"{durable.directory}/traces"' in line
    assert "delete the directory" in line
    assert unused_bytes(process) == sum(path.stat().st_size for path in (durable.directory / "traces").iterdir()) > 1000
    send_numbered(process, range(50, 100))
    # The old name is back, and the new one is now the one that is left over.
    process.reload(config)
    wait_until(lambda: f"{durable.directory}/traces-new" in process.log(), "the other pipeline is told of")
    process.reload(renamed(config, "traces/new"))
    assert process.log().count(GONE_PIPELINE) == 3
    backend.come()
    wait_until(lambda: set(arrived_numbers(backend)) >= set(range(50, 100)), "what the new one had has arrived")
    process.reload(config)
    wait_until(lambda: set(arrived_numbers(backend)) == set(range(100)), "and what the old one had")
    wait_until_drained(process)
    process.stop()


def test_a_drained_journal_is_not_worth_a_word(durable, backend):
    backend.come()
    config = durable.config({"otlp": backend.endpoint})
    process = durable.start(config)
    send_numbered(process, range(50))
    wait_until_drained(process)
    process.stop()
    assert list((durable.directory / "traces").glob("*.journal")), "a small file stays"
    process = durable.start(renamed(config, "traces/new"))
    assert GONE_PIPELINE not in process.log()
    assert unused_bytes(process) == 0


def test_the_overflow_of_an_exporter_that_has_none_any_more(durable, backend):
    config = config_of(durable, backend)
    process = durable.start(config)
    send_numbered(process, range(100))
    wait_until(lambda: overflow_items(process) == 100, "all is in the overflow")
    without = config_of(durable, backend)
    del without["exporters"]["otlp"]["overflow"]
    process.reload(without)
    wait_until(lambda: GONE_OVERFLOW in process.log(), "it is told")
    process.stop()
    process = durable.start(without)
    (line,) = [line for line in process.log().splitlines() if GONE_OVERFLOW in line]
    assert f'"pipeline":"traces", "exporter":"otlp", "directory":"{overflow_directory(durable)}/overflow/traces/otlp"' in line
    assert unused_bytes(process, "file_storage/overflow") >= max(path.stat().st_size for path in overflow_files(durable))
    assert unused_bytes(process) == 0
    backend.come()
    process.reload(config)
    wait_until(lambda: set(arrived_numbers(backend)) == set(range(100)), "all has arrived", 60)
    assert process.log().count(GONE_OVERFLOW) == 1
    assert unused_bytes(process, "file_storage/overflow") == 0


def test_an_exporter_that_its_pipeline_does_not_have_any_more_is_told_of_once(durable, backend):
    both = durable.config({"otlp/a": backend.endpoint, "otlp/b": backend.endpoint})
    process = durable.start(both)
    send_numbered(process, range(50))
    process.stop()
    one = durable.config({"otlp/a": backend.endpoint})
    process = durable.start(one)
    (line,) = [line for line in process.log().splitlines() if GONE_EXPORTER in line]
    assert '"exporter":"otlp/b"' in line and f'"directory":"{durable.directory}/traces"' in line
    process.reload(durable.config({"otlp/a": durable_exporter(backend.endpoint, queue_size=200_000)}))
    assert process.log().count(GONE_EXPORTER) == 1
    backend.come()
    process.reload(both)
    wait_until(lambda: len(arrived_numbers(backend)) >= 100, "each has sent it")
    wait_until_drained(process)


def test_too_many_exporters_are_refused_where_the_pipeline_stands(durable, backend):
    config = durable.config({f"otlp/{number}": backend.endpoint for number in range(65)})
    durable.directory.mkdir()
    (durable.folder / "many.yaml").write_text(as_yaml(config))
    for command in (["validate"], []):
        done = run_vigia(*command, f"--config={durable.folder / 'many.yaml'}")
        assert done.returncode == 1
        assert re.search(r"many.yaml:\d+:\d+: service::pipelines::traces: the pipeline leads to 65 exporters and connectors; at most 64", done.stderr)


def test_new_exporters_find_no_place_beside_those_that_data_waits_for(durable, backend):
    """The start fails and says why, and what was there is still delivered afterwards."""
    old = durable.config({f"otlp/{number}": backend.endpoint for number in range(40)})
    process = durable.start(old)
    send_numbered(process, range(10))
    process.reload(durable.config({f"otlp/{number}": backend.endpoint for number in range(64)}))
    process.reload(old)
    process.stop()
    new = durable.start(durable.config({f"otlp/{number}": backend.endpoint for number in range(100, 160)}), is_ready=False)
    assert new.process.wait(30) == 1
    assert "cannot start the journal of the pipeline traces" in new.log()
    assert "100 exporters would need a place in it, and 64 have one" in new.log()
    backend.come()
    process = durable.start(old)
    wait_until(lambda: len(arrived_numbers(backend)) >= 400, "each exporter has sent all", 60)
    wait_until_drained(process)
