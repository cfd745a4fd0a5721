"""The resourcedetection processor: the environment, this machine, a Docker socket and the metadata services of clouds, which may be missing,
silent or wrong. What is found is on the data, nothing waits longer than the timeout, and the program starts whatever happens."""

import platform
import socket
import time

import pytest
import requests
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from configurations import forwarding
from metadata_services import AZURE, DOCKER, EC2, EC2_TOKEN, GCP, MetadataService


def detecting(sink, **settings):
    return forwarding({"otlphttp": {"endpoint": sink.url, "compression": "none"}}, {"resourcedetection": settings})


def value_of(value):
    if value.WhichOneof("value") == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, value.WhichOneof("value"))


def send(process, attributes=None):
    request = logs_service_pb2.ExportLogsServiceRequest()
    group = request.resource_logs.add()
    for key, value in (attributes or {}).items():
        group.resource.attributes.add(key=key).value.string_value = value
    group.scope_logs.add().log_records.add(time_unix_nano=1)
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/logs", request.SerializeToString(),
                           headers={"Content-Type": "application/x-protobuf"}, timeout=30)
    assert answer.status_code == 200, answer.text


def detected(process, sink, attributes=None):
    """The resource's attributes of a record that goes through."""
    count = sink.item_count("logs")
    send(process, attributes)
    message = sink.wait_for("logs", count + 1)[-1]
    return {pair.key: value_of(pair.value) for pair in message.resource_logs[0].resource.attributes}


ENVIRONMENT = {"OTEL_RESOURCE_ATTRIBUTES": "customer.id=acme,note=a%2Cb%20c%C3%BC,service.name=other", "OTEL_SERVICE_NAME": "shop"}


def test_the_environment(vigia, http_sink):
    process = vigia(detecting(http_sink), environment=ENVIRONMENT)
    assert detected(process, http_sink) == {"customer.id": "acme", "note": "a,b cü", "service.name": "shop"}
    assert detected(process, http_sink, {"customer.id": "x"})["customer.id"] == "acme"


def test_what_is_there_stays_without_override(vigia, http_sink):
    process = vigia(detecting(http_sink, override=False), environment=ENVIRONMENT)
    found = detected(process, http_sink, {"customer.id": "x"})
    assert found["customer.id"] == "x" and found["service.name"] == "shop"


def test_a_broken_variable_is_told_and_the_data_goes_on(vigia, http_sink):
    process = vigia(detecting(http_sink, timeout="500ms"), environment={"OTEL_RESOURCE_ATTRIBUTES": "nonsense"})
    assert detected(process, http_sink, {"a": "b"}) == {"a": "b"}
    process.wait_for_log("write the variable as key=value")


ALL_OF_SYSTEM = ["host.id", "host.arch", "host.ip", "host.mac", "os.description", "host.cpu.vendor.id", "host.cpu.family", "host.cpu.model.id",
                 "host.cpu.model.name", "host.cpu.stepping", "host.cpu.cache.l2.size"]


def test_this_machine(vigia, http_sink):
    settings = {"hostname_sources": ["os"], "resource_attributes": {name: {"enabled": True} for name in ALL_OF_SYSTEM}}
    process = vigia(detecting(http_sink, detectors=["system"], system=settings))
    found = detected(process, http_sink)
    assert found["host.name"] == socket.gethostname()
    assert found["os.type"] == "linux"
    assert found["host.arch"] == {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    assert platform.release() in found["os.description"]
    try:
        machine_id = open("/etc/machine-id", encoding="ascii").read().strip()
    except FileNotFoundError:
        machine_id = ""
    assert found.get("host.id", "") == machine_id
    assert set(found) <= {"host.name", "os.type", *ALL_OF_SYSTEM}


def test_the_full_name_of_this_machine(vigia, http_sink):
    process = vigia(detecting(http_sink, detectors=["system"], timeout="20s"))
    assert detected(process, http_sink)["host.name"] in (socket.getfqdn(), socket.gethostname())


def test_docker(vigia, http_sink, tmp_path):
    path = str(tmp_path / "docker.sock")
    with MetadataService(DOCKER, path=path) as service:
        process = vigia(detecting(http_sink, detectors=["docker"], docker={"endpoint": service.endpoint}))
        assert detected(process, http_sink) == {"host.name": "docker-host", "os.type": "linux"}


CLOUDS = {
    "ec2": (EC2, ("X-aws-ec2-metadata-token", EC2_TOKEN), {"tags": ["^Name$", "^te"], "tags_from_imds": True}, {}, {
        "cloud.provider": "aws", "cloud.platform": "aws_ec2", "cloud.account.id": "123456789012", "cloud.region": "eu-west-1",
        "cloud.availability_zone": "eu-west-1b", "host.id": "i-0abc", "host.image.id": "ami-1", "host.type": "m5.large",
        "host.name": "ip-10-0-0-1.eu-west-1.compute.internal", "ec2.tag.Name": "web-1", "ec2.tag.team": "shop"}),
    "gcp": (GCP, ("Metadata-Flavor", "Google"), {}, {}, {
        "cloud.provider": "gcp", "cloud.platform": "gcp_compute_engine", "cloud.account.id": "my-project", "cloud.region": "us-central1",
        "cloud.availability_zone": "us-central1-c", "host.id": "7234567890123456789", "host.name": "vm-1", "host.type": "n1-standard-1"}),
    "gcp in kubernetes": (GCP, ("Metadata-Flavor", "Google"), {}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {
        "cloud.provider": "gcp", "cloud.platform": "gcp_kubernetes_engine", "cloud.account.id": "my-project", "cloud.region": "us-central1",
        "host.id": "7234567890123456789", "host.name": "vm-1", "k8s.cluster.name": "my-cluster"}),
    "azure": (AZURE, ("Metadata", "True"), {"tags": ["^team$"], "resource_attributes": {"azure.vm.size": {"enabled": False}}}, {}, {
        "cloud.provider": "azure", "cloud.platform": "azure_vm", "cloud.account.id": "8d10da13", "cloud.region": "westeurope",
        "host.id": "02aab8a4", "host.name": "computer", "azure.vm.name": "vm-name", "azure.vm.scaleset.name": "set-1",
        "azure.resourcegroup.name": "MC_group_cluster_westeurope", "azure.tag.team": "shop"}),
    "aks": (AZURE, ("Metadata", "True"), {"resource_attributes": {"k8s.cluster.name": {"enabled": True}}},
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
            {"cloud.provider": "azure", "cloud.platform": "azure_aks", "k8s.cluster.name": "cluster"}),
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_clouds(vigia, http_sink, cloud):
    answers, demand, settings, environment, expected = CLOUDS[cloud]
    name = cloud.split()[0]
    with MetadataService(answers, demand) as service:
        # A proxy that leads nowhere must not be in the way.
        process = vigia(detecting(http_sink, detectors=[name], **{name: {"endpoint": service.endpoint, **settings}}),
                        environment={"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "x", **environment})
        assert detected(process, http_sink) == expected


def test_the_first_detector_counts(vigia, http_sink):
    with MetadataService(EC2, ("X-aws-ec2-metadata-token", EC2_TOKEN)) as service:
        process = vigia(detecting(http_sink, detectors=["env", "ec2"], ec2={"endpoint": service.endpoint}),
                        environment={"OTEL_RESOURCE_ATTRIBUTES": "host.name=mine"})
        found = detected(process, http_sink)
        assert found["host.name"] == "mine" and found["host.id"] == "i-0abc"


def test_a_silent_service_holds_nothing_up_for_longer_than_the_timeout(vigia, http_sink):
    with MetadataService(GCP) as service:
        service.is_silent = True
        begun = time.monotonic()
        process = vigia(detecting(http_sink, detectors=["env", "gcp"], gcp={"endpoint": service.endpoint}, timeout="2s"), environment=ENVIRONMENT)
        found = detected(process, http_sink)
        assert time.monotonic() - begun < 15
        assert found["customer.id"] == "acme" and "cloud.provider" not in found
        process.wait_for_log("goes without what a detector did not find in time")
        assert process.metrics()["vigia_resourcedetection_incomplete"] >= 1


@pytest.mark.parametrize("text", ["<html>busy</html>", "[1, 2]", "{\"instance\": {\"zone\": [}", "{" * 500, "", "x" * 2_000_000])
def test_a_service_that_talks_nonsense(vigia, http_sink, text):
    with MetadataService({path: text for path in GCP}) as service:
        process = vigia(detecting(http_sink, detectors=["gcp"], gcp={"endpoint": service.endpoint}, timeout="1500ms"))
        assert detected(process, http_sink, {"a": "b"}) == {"a": "b"}
        process.wait_for_log("cannot detect a part of the resource")


def test_a_service_that_comes_late_is_asked_again(vigia, http_sink):
    with MetadataService({}) as service:
        process = vigia(detecting(http_sink, detectors=["gcp"], gcp={"endpoint": service.endpoint}, timeout="20s"))
        process.wait_for_log("answers 404")
        service.answers.update(GCP)
        assert detected(process, http_sink)["cloud.provider"] == "gcp"


def test_refreshing(vigia, http_sink, tmp_path):
    with MetadataService(DOCKER, path=str(tmp_path / "docker.sock")) as service:
        process = vigia(detecting(http_sink, detectors=["docker"], docker={"endpoint": service.endpoint}, refresh_interval="200ms"))
        assert detected(process, http_sink)["host.name"] == "docker-host"
        service.answers["/info"] = service.answers["/info"].replace("docker-host", "renamed")
        asked = len(service.asked)
        deadline = time.monotonic() + 20
        while detected(process, http_sink)["host.name"] != "renamed":
            assert time.monotonic() < deadline, (asked, len(service.asked))


def test_a_stop_does_not_wait_for_a_silent_service(vigia, http_sink):
    with MetadataService(GCP) as service:
        service.is_silent = True
        process = vigia(detecting(http_sink, detectors=["gcp"], gcp={"endpoint": service.endpoint}, timeout="60s"))
        begun = time.monotonic()
        process.stop()
        assert time.monotonic() - begun < 10
