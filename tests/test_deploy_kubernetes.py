"""Kubernetes manifests: the documents', with their mistakes corrected.

Guarantee: every object is valid by Kubernetes' own schemas, strictly, for an older and the newest version; what refers to something refers
to what is there; each correction of the documents holds; the configurations in ConfigMaps are ones that the program runs.
"""

import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

from deployment import DEPLOY, document, documents
from vigia_process import run_vigia

BASE = DEPLOY / "kubernetes/base"
FILES = sorted(path for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml")
OBJECTS = [(path.name, found) for path in FILES for found in documents(path)]
NODE_AGENTS = [("agent.yaml", "otel-agent", "monitoring"), ("edge-agent.yaml", "tfo-otel-agent", "observability")]
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def objects(kind, name=None, file=None):
    return [found for source, found in OBJECTS
            if found["kind"] == kind and name in (None, found["metadata"]["name"]) and file in (None, source)]


def the(kind, name, file=None):
    only, = objects(kind, name, file)
    return only


def workloads():
    return [found for _, found in OBJECTS if found["kind"] in ("DaemonSet", "Deployment", "StatefulSet")]


def pod(workload):
    return workload["spec"]["template"]["spec"]


def vigia_containers():
    """(workload, container) of all that run our image."""
    found = [(workload, container) for workload in workloads() for container in pod(workload)["containers"] if container["image"].startswith("vigia")]
    assert len(found) == 5
    return found


def by_name(workloads_and_containers):
    return {"argvalues": workloads_and_containers, "ids": [workload["metadata"]["name"] for workload, _ in workloads_and_containers]}


def byte_count(quantity):
    number, unit = re.fullmatch(r"(\d+)(\w\w)", quantity).groups()
    return int(number) * UNITS[unit]


@pytest.mark.parametrize("version", ["1.29", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("found", [found for _, found in OBJECTS], ids=[f"{found['kind']}-{found['metadata']['name']}" for _, found in OBJECTS])
def test_objects_are_valid(found, version):
    kubernetes_validate.validate(found, version, strict=True)


def test_a_mistake_is_found_by_the_schema():
    """The sidecar as the document has it, without a selector, shows that the schema is asked rightly."""
    broken = yaml.safe_load(yaml.safe_dump(the("Deployment", "my-application")))
    del broken["spec"]["selector"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.29", strict=True)


# --- What refers to what ---


@pytest.mark.parametrize("workload", workloads(), ids=lambda workload: workload["metadata"]["name"])
def test_references_hold(workload):
    template = workload["spec"]["template"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    volumes = {volume["name"] for volume in template["spec"].get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    for volume in template["spec"].get("volumes", []):
        if "configMap" in volume:
            the("ConfigMap", volume["configMap"]["name"])
    for container in template["spec"]["containers"]:
        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
        ports = {port["containerPort"] for port in container.get("ports", [])} | {port.get("name") for port in container.get("ports", [])}
        for probe in ("livenessProbe", "readinessProbe"):
            assert probe not in container or container[probe]["httpGet"]["port"] in ports
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            assert reference is None or reference["key"] in the("Secret", reference["name"])["stringData"]


def test_services_and_policies_select_something():
    labels = [workload["spec"]["template"]["metadata"]["labels"] for workload in workloads()]
    selectors = [found["spec"]["selector"] for found in objects("Service")]
    selectors += [found["spec"]["podSelector"]["matchLabels"] for found in objects("NetworkPolicy")]
    assert len(selectors) == 7
    for selector in selectors:
        assert any(selector.items() <= one.items() for one in labels), selector


def test_agents_send_to_a_service_that_is_there():
    for workload, container in vigia_containers():
        for variable in container.get("env", []):
            if variable["name"] not in ("OTEL_EXPORTER_OTLP_ENDPOINT", "TELEMETRYFLOW_ENDPOINT") or "example.com" in variable["value"]:
                continue
            name, port = re.fullmatch(r"http://([\w-]+)\.observability\.svc\.cluster\.local:(\d+)", variable["value"]).groups()
            assert int(port) in {port["port"] for port in the("Service", name)["spec"]["ports"]}, workload["metadata"]["name"]


# --- The corrections ---


@pytest.mark.parametrize("file, name, namespace", NODE_AGENTS)
def test_node_agents_are_on_every_node_and_replaced_one_by_one(file, name, namespace):
    agent = the("DaemonSet", name, file)
    assert agent["metadata"]["namespace"] == namespace
    assert agent["spec"]["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    assert pod(agent)["priorityClassName"] == "system-node-critical"
    assert {toleration["key"] for toleration in pod(agent)["tolerations"]} == {"node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"}
    assert all(toleration["operator"] == "Exists" and toleration["effect"] == "NoSchedule" for toleration in pod(agent)["tolerations"])


def test_the_namespaces():
    assert {found["metadata"]["name"] for found in objects("Namespace")} == {"monitoring", "observability"}


def test_the_agent_is_as_the_document_has_it():
    container = pod(the("DaemonSet", "otel-agent"))["containers"][0]
    environment = {variable["name"]: variable for variable in container["env"]}
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"] == "http://collector.observability.svc.cluster.local:4317"
    assert environment["CUSTOMER_ID"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"
    assert environment["NODE_ID"]["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName"
    assert container["resources"] == {"limits": {"memory": "256Mi", "cpu": "500m"}, "requests": {"memory": "64Mi", "cpu": "100m"}}
    live, ready = container["livenessProbe"], container["readinessProbe"]
    assert (live["httpGet"], live["initialDelaySeconds"], live["periodSeconds"]) == ({"path": "/health/live", "port": 8080}, 10, 30)
    assert (ready["httpGet"], ready["initialDelaySeconds"], ready["periodSeconds"]) == ({"path": "/health/ready", "port": 8080}, 5, 10)


@pytest.mark.parametrize("config_map, workload, container", [
    ("otel-agent-config", ("DaemonSet", "tfo-otel-agent"), "otel-agent"), ("otel-sidecar-config", ("Deployment", "my-application"), "otel-agent")])
def test_the_memory_limit_of_the_container_is_above_the_limiters(config_map, workload, container):
    """A container that is ended at the very limit at which its program begins to refuse loses what it holds."""
    config = yaml.safe_load(the("ConfigMap", config_map)["data"]["config.yaml"])
    limit = config["processors"]["memory_limiter"]["limit_mib"] * 2**20
    one, = [found for found in pod(the(*workload))["containers"] if found["name"] == container]
    assert limit <= 0.8 * byte_count(one["resources"]["limits"]["memory"])


def test_the_edge_gateway_has_room_above_its_limiter_and_below_its_volume():
    edge = the("StatefulSet", "edge-gateway")
    container, = pod(edge)["containers"]
    preset = yaml.safe_load(run_vigia("print-config", "edge").stdout)
    assert preset["processors"]["memory_limiter"]["limit_mib"] * 2**20 <= 0.8 * byte_count(container["resources"]["limits"]["memory"])
    claim, = edge["spec"]["volumeClaimTemplates"]
    queue_mib = int(container["args"][container["args"].index("--max-disk-mib") + 1])
    assert queue_mib * 2**20 <= 0.9 * byte_count(claim["spec"]["resources"]["requests"]["storage"])


@pytest.mark.parametrize("policy", objects("NetworkPolicy"), ids=lambda policy: policy["metadata"]["name"])
def test_policies_let_names_the_api_server_and_the_kubelet_through(policy):
    """The documents' policy let nothing out but 4318, so no name would have been found, and no probe let in."""
    out = {(port["protocol"], port["port"]) for rule in policy["spec"]["egress"] if "to" not in rule for port in rule["ports"]}
    assert {("UDP", 53), ("TCP", 53)} <= out, "names"
    assert ("TCP", 6443) in out and ("TCP", 443) in out, "the API server"
    assert ("TCP", 10250) in out, "the kubelet"
    selected = policy["spec"]["podSelector"]["matchLabels"]
    workload, = [one for one in workloads() if selected.items() <= one["spec"]["template"]["metadata"]["labels"].items()]
    probed = {container[probe]["httpGet"]["port"] for container in pod(workload)["containers"] for probe in ("livenessProbe", "readinessProbe") if probe in container}
    ports = {port.get("name"): port["containerPort"] for container in pod(workload)["containers"] for port in container.get("ports", [])}
    opened = {port["port"] for rule in policy["spec"]["ingress"] if "from" not in rule for port in rule["ports"]}
    assert {ports.get(port, port) for port in probed} <= opened, "probes come from the kubelet, which no selector describes"


def test_the_policy_of_a_host_network_says_that_it_is_void():
    text = (BASE / "edge-agent.yaml").read_text()
    assert pod(the("DaemonSet", "tfo-otel-agent"))["hostNetwork"] is True
    assert re.search(r"# Void for this DaemonSet[^\n]*\n(#[^\n]*\n)*apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy", text)
    for file in {source for source, found in OBJECTS if found["kind"] == "NetworkPolicy"} - {"edge-agent.yaml"}:
        assert not any(pod(workload).get("hostNetwork") for source, workload in OBJECTS if source == file and workload["kind"] in ("DaemonSet", "Deployment"))


def test_roles_ask_for_what_exists_and_no_more():
    rules = the("ClusterRole", "tfo-otel-agent")["rules"]
    assert "extensions" not in {group for rule in rules for group in rule["apiGroups"]}, "that group is gone since 1.22"
    assert "nodes/proxy" not in {resource for rule in rules for resource in rule["resources"]}, "that would run commands in pods"
    assert {verb for rule in rules for verb in rule["verbs"]} <= {"get", "list", "watch"}
    binding = the("ClusterRoleBinding", "tfo-otel-agent")
    subject, = binding["subjects"]
    the(subject["kind"], subject["name"])
    the("ClusterRole", binding["roleRef"]["name"])


@pytest.mark.parametrize("workload, container", **by_name(vigia_containers()))
def test_containers_are_allowed_little(workload, container):
    context = {**pod(workload).get("securityContext", {}), **container["securityContext"]}
    assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
    assert context["capabilities"]["drop"] == ["ALL"] and context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "memory" in container["resources"]["limits"] and "memory" in container["resources"]["requests"]
    assert set(context["capabilities"].get("add", [])) <= ({"DAC_READ_SEARCH"} if workload["kind"] == "DaemonSet" else set())
    assert context["runAsUser"] == (0 if workload["kind"] == "DaemonSet" else 10001), "only what reads the node's files is root"
    for mount in container.get("volumeMounts", []):
        volume = next((one for one in pod(workload).get("volumes", []) if one["name"] == mount["name"]), {})
        is_own = volume.get("hostPath", {}).get("path") in (None, "/var/lib/vigia", "/var/lib/otel-agent/queue")
        assert is_own or mount["readOnly"] is True, "nothing of the node is changed"


def test_the_agents_figures_are_the_nodes():
    spec = pod(the("DaemonSet", "otel-agent"))
    container = spec["containers"][0]
    root, = [volume["name"] for volume in spec["volumes"] if volume.get("hostPath", {}).get("path") == "/"]
    mount, = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == root]
    assert container["args"] == ["agent", f"--host-root={mount}"]


@pytest.mark.parametrize("workload, container", **by_name(vigia_containers()))
def test_there_is_time_to_hand_on_what_is_held(workload, container):
    assert pod(workload)["terminationGracePeriodSeconds"] >= 30, "25 s, and some to end"


def test_kubelets_are_scraped_by_their_own_node():
    """By role, every agent would scrape every node."""
    config = yaml.safe_load(the("ConfigMap", "otel-agent-config")["data"]["config.yaml"])
    for job in config["receivers"]["prometheus"]["config"]["scrape_configs"]:
        assert not any(key.endswith("_sd_configs") for key in job)
        assert all(target.startswith("${env:HOST_IP}:") for group in job["static_configs"] for target in group["targets"])


# --- The configurations in them ---


@pytest.mark.parametrize("config_map", ["otel-agent-config", "otel-sidecar-config"])
def test_the_program_takes_the_configuration(config_map, tmp_path):
    text = the("ConfigMap", config_map)["data"]["config.yaml"]
    for name in ("ca.crt", "token"):
        (tmp_path / name).write_text("x")
    text = text.replace("/var/run/secrets/kubernetes.io/serviceaccount", str(tmp_path)).replace("/var/lib/otelcol/queue", str(tmp_path))
    text = "\n".join(line for line in text.splitlines() if "ca_file:" not in line)  # there is no certificate here
    (tmp_path / "config.yaml").write_text(text)
    done = run_vigia("validate", "--config", tmp_path / "config.yaml", environment={
        "HOSTNAME": "node-1", "HOST_IP": "10.0.1.15", "K8S_NODE_NAME": "node-1", "TELEMETRYFLOW_ENDPOINT": "http://tfo-otel-collector:4318",
        "TELEMETRYFLOW_WORKSPACE_ID": "550e8400-e29b-41d4-a716-446655440000", "TELEMETRYFLOW_TENANT_ID": "660e8400-e29b-41d4-a716-446655440001"})
    assert (done.returncode, done.stderr) == (0, "")


def test_the_program_takes_the_gateways_layer(tmp_path):
    (tmp_path / "gateway.yaml").write_text(the("ConfigMap", "gateway-config")["data"]["gateway.yaml"])
    done = run_vigia("print-config", "gateway", "--config", tmp_path / "gateway.yaml")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["service"]["pipelines"]["metrics"]["exporters"] == ["prometheus"]


# --- kustomize ---


def built(folder):
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("kubectl is not installed")
    done = subprocess.run([kubectl, "kustomize", str(DEPLOY / "kubernetes" / folder)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def test_kustomize_builds_the_base():
    names = {(found["kind"], found["metadata"]["name"]) for found in built("base")}
    assert names == {(found["kind"], found["metadata"]["name"]) for source, found in OBJECTS if source in document(BASE / "kustomization.yaml")["resources"]}


def test_the_customer_can_be_named():
    agent, = [found for found in built("customer") if found["kind"] == "DaemonSet"]
    kubernetes_validate.validate(agent, "1.29", strict=True)
    environment = {variable["name"]: variable for variable in pod(agent)["containers"][0]["env"]}
    assert environment["CUSTOMER_ID"] == {"name": "CUSTOMER_ID", "value": "cliente-a"}
    assert "NODE_ID" in environment


def test_agents_can_be_kept_to_labelled_nodes():
    agent, = [found for found in built("labelled-nodes") if found["kind"] == "DaemonSet"]
    kubernetes_validate.validate(agent, "1.29", strict=True)
    term, = pod(agent)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "node-role.kubernetes.io/agent", "operator": "In", "values": ["true"]}]
