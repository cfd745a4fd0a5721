"""The image's Dockerfile and the compose files.

Guarantee: a linter, the compose specification's schema and the documents' own words agree with them. Whether the image works is what
`./dev check packages` shows, with the real thing.
"""

import json
import shlex

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from deployment import DEPLOY, document, judged
from vigia_process import run_vigia

DOCKER = DEPLOY / "docker"
REPOSITORY = DEPLOY.parent
COMPOSE_FILES = ["docker-compose.yaml", "docker-compose.gateway.yaml"]
# Document 1's compose file, as it is there.
DOCUMENT_1 = {
    "environment": {"CUSTOMER_ID", "CUSTOMER_NAME", "NODE_ID", "NODE_REGION", "ENVIRONMENT", "HEALTH_CHECK_PORT", "METRICS_INTERVAL",
                    "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_INSECURE"},
    "healthcheck": {"test": ["CMD", "wget", "--spider", "-q", "http://localhost:8080/health"], "interval": "30s", "timeout": "5s", "retries": 3},
    "resources": {"limits": {"cpus": "0.5", "memory": "256M"}, "reservations": {"cpus": "0.1", "memory": "64M"}},
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """[(name, {instruction: [values]})] of the Dockerfile, a stage each."""
    folder = tmp_path_factory.mktemp("dockerfile")
    parser = DockerfileParser(path=str(folder))
    parser.content = (DOCKER / "Dockerfile").read_text()
    found = []
    for entry in parser.structure:
        if entry["instruction"] == "FROM":
            found.append((entry["value"].rpartition(" ")[2], {"FROM": [entry["value"]]}))
        elif entry["instruction"] != "COMMENT":
            found[-1][1].setdefault(entry["instruction"], []).append(entry["value"])
    return found


def test_the_linter_finds_nothing_in_the_dockerfile():
    judged("hadolint", "--failure-threshold", "style", DOCKER / "Dockerfile")


def test_the_shell_scripts_are_clean():
    judged("shellcheck", DOCKER / "make_rootfs.sh", *(DEPLOY / "debian" / name for name in ("postinst", "prerm", "postrm")))


def test_the_image_is_the_bundle_and_little_else(stages):
    names = [name for name, _ in stages]
    assert names == ["build", "minimal", "vigia"], "the last one is what `docker build` makes"
    final = {**dict(stages)["minimal"], **dict(stages)["vigia"]}
    assert final["FROM"] == ["minimal AS vigia"] and dict(stages)["minimal"]["FROM"] == ["scratch AS minimal"]
    assert "RUN" not in dict(stages)["minimal"] and "RUN" not in dict(stages)["vigia"], "nothing runs in the image that ships"
    assert json.loads(final["ENTRYPOINT"][0]) == ["/usr/bin/vigia"]
    assert json.loads(final["CMD"][0]) == ["agent"]
    user, _ = final["USER"][0].split(":")
    assert int(user) > 0
    check = final["HEALTHCHECK"][0]
    assert json.loads(check[check.index("["):]) == ["/usr/bin/vigia", "health"]
    labels = dict(pair.split("=", 1) for pair in shlex.split(final["LABEL"][0]))
    assert {label.rpartition(".")[2] for label in labels} == {"title", "description", "licenses", "documentation"}


def test_what_is_copied_between_stages_is_made_there(stages):
    made = " ".join(dict(stages)["build"]["RUN"])
    for name in ("minimal", "vigia"):
        for copy in dict(stages)[name]["COPY"]:
            source, path, _ = copy.split()
            assert source == "--from=build" and "/" + path.split("/")[1] in made


def test_a_build_elsewhere_is_not_sent_to_the_engine():
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert {".git", "build"} <= set(ignored)
    assert not {"src", "deploy", "cmake", "docs", "dev"} & set(ignored)


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_compose_files_are_valid(file):
    judged("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / file)


def test_a_mistake_is_found_by_the_schema(tmp_path):
    config = document(DOCKER / "docker-compose.yaml")
    config["services"]["otel-agent"]["healtcheck"] = config["services"]["otel-agent"].pop("healthcheck")
    (tmp_path / "docker-compose.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(AssertionError, match="healtcheck"):
        judged("check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "docker-compose.yaml")


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_services_restart_have_volumes_that_exist_and_are_allowed_little(file):
    config = document(DOCKER / file)
    service, = config["services"].values()
    named = {str(volume).split(":", maxsplit=1)[0] for volume in service["volumes"] if isinstance(volume, str) and not volume.startswith(".")}
    assert named == set(config["volumes"]), "what waits to be sent is kept"
    assert service["restart"] == "unless-stopped" and service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert set(service["networks"]) == set(config["networks"])
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30, "25 s, and some to end"
    assert (DOCKER / service["build"]["context"]).resolve() == REPOSITORY
    assert (REPOSITORY / service["build"]["dockerfile"]).exists()


def test_the_agent_is_as_the_document_has_it():
    service = document(DOCKER / "docker-compose.yaml")["services"]["otel-agent"]
    assert {line.split("=", 1)[0] for line in service["environment"]} == DOCUMENT_1["environment"]
    assert service["container_name"] == "otel-agent"
    assert service["ports"] == ["8080:8080"]
    assert service["healthcheck"] == DOCUMENT_1["healthcheck"]
    assert service["deploy"]["resources"] == DOCUMENT_1["resources"]
    host, = [volume for volume in service["volumes"] if isinstance(volume, dict) and volume["source"] == "/"]
    assert service["command"] == ["agent", f"--host-root={host['target']}"], "its figures are the node's"


def test_the_central_collector_has_the_ports_of_the_document():
    service = document(DOCKER / "docker-compose.gateway.yaml")["services"]["otel-collector"]
    assert {"4317:4317", "4318:4318", "8889:8889", "13133:13133"} <= set(service["ports"])


@pytest.mark.parametrize("path", ["docker/gateway.yaml", "systemd/gateway.yaml"])
def test_the_program_takes_the_gateways_layer(path):
    done = run_vigia("print-config", "gateway", "--config", DEPLOY / path)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["receivers"]["otlp"]["require_resource_attribute"] == "customer.id"
