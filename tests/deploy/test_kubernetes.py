"""deploy/kubernetes: each manifest names only what another one has. There is no cluster here: nothing of it is started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from deploy.programs import ROLES, check_command, check_health, check_variables
from deploy.server_files import check_cluster, check_keeper, check_known, variables

from spanglass_store.connection import Store

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS: list[dict[str, Any]] = [
    each for name in KUSTOMIZATION["resources"] for each in yaml.safe_load_all((FOLDER / name).read_text())
]
VERSIONS = {
    "ConfigMap": "v1",
    "Service": "v1",
    "StatefulSet": "apps/v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}
SERVERS = {n: [f"clickhouse-{n}-0.clickhouse-nodes", f"clickhouse-{n}-1.clickhouse-nodes"] for n in ("1", "2")}
KEEPERS = [f"keeper-{n}.keeper" for n in range(3)]


def of_kind(*kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] in kinds}


WORKLOADS = of_kind("StatefulSet", "Deployment", "Job")
SERVICES = of_kind("Service")
CONFIGS = of_kind("ConfigMap")


def pods() -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Each workload's name, what its pods run, and their labels."""
    for name, workload in WORKLOADS.items():
        template = workload["spec"]["template"]
        yield name, template["spec"], template["metadata"]["labels"]


def containers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for name, pod, _ in pods():
        for container in pod["containers"]:
            yield name, pod, container


def chosen_by(selector: dict[str, str]) -> list[str]:
    return [name for name, _, labels in pods() if selector.items() <= labels.items()]


def test_every_file_is_applied_and_every_object_is_of_a_known_kind_and_named_once() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}
    assert [each["kind"] for each in OBJECTS if VERSIONS.get(each["kind"]) != each["apiVersion"]] == []
    names = [(each["kind"], each["metadata"]["name"]) for each in OBJECTS]
    assert len(set(names)) == len(names)


def test_a_workload_chooses_its_own_pods_and_a_stateful_one_has_its_service() -> None:
    for name, workload in WORKLOADS.items():
        if workload["kind"] != "Job":
            assert chosen_by(workload["spec"]["selector"]["matchLabels"]) == [name]
        if workload["kind"] == "StatefulSet":
            service = SERVICES[workload["spec"]["serviceName"]]["spec"]
            assert service["clusterIP"] == "None"
            assert name in chosen_by(service["selector"])
            assert {claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]}


def test_services_lead_to_ports_that_their_pods_have() -> None:
    for service in SERVICES.values():
        names = chosen_by(service["spec"]["selector"])
        assert names
        for name in names:
            has = {port["name"]: port["containerPort"] for c in containers() if c[0] == name for port in c[2]["ports"]}
            for port in service["spec"]["ports"]:
                assert has[port["targetPort"]] == port["port"]


def test_what_is_mounted_is_there() -> None:
    for name, pod, container in containers():
        claims = {each["metadata"]["name"] for each in WORKLOADS[name]["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == claims | set(volumes)
        for mount in container["volumeMounts"]:
            config = volumes.get(mount["name"], {}).get("configMap")
            if config and "subPath" in mount:
                assert mount["subPath"] in CONFIGS[config["name"]]["data"]
            elif config:
                assert config["name"] in CONFIGS


def test_the_secrets_are_those_that_the_first_lines_tell_to_make() -> None:
    text = (FOLDER / "kustomization.yaml").read_text()
    made = set(re.findall(r"--from-literal=([\w-]+)=\$\(openssl", text))
    used = {
        (ref["name"], ref["key"])
        for _, _, container in containers()
        for variable in container.get("env", [])
        if (ref := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert "create secret generic spanglass" in text
    assert used == {("spanglass", key) for key in made}
    assert not of_kind("Secret")


def test_variables_in_values_are_defined_before_them() -> None:
    for _, _, container in containers():
        known: set[str] = set()
        for variable in container.get("env", []):
            assert set(re.findall(r"\$\((\w+)\)", variable.get("value", ""))) <= known
            known.add(variable["name"])


@pytest.mark.parametrize("name", ROLES)
def test_our_own_programs_exist_with_these_words_and_variables(name: str) -> None:
    (container,) = (container for workload, _, container in containers() if workload == name)
    assert container["image"] in {image["name"] for image in KUSTOMIZATION["images"]}
    assert container["args"][0] == name
    check_command(container["args"])
    check_variables(name, (variable["name"] for variable in container["env"]))
    for probe in ("readinessProbe", "livenessProbe"):
        if check := container.get(probe, {}).get("exec"):
            check_health(check["command"])
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_every_pod_is_watched_has_its_share_and_may_do_no_more_than_it_must() -> None:
    for name, pod, container in containers():
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        if name != "migrate":
            assert {"readinessProbe", "livenessProbe"} <= set(container)
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in (container[key] for key in container if key.endswith("Probe")):
                assert {probe[kind]["port"] for kind in ("httpGet", "tcpSocket") if kind in probe} <= ports


def test_no_more_than_one_of_several_is_taken_away() -> None:
    protected = [
        name
        for budget in of_kind("PodDisruptionBudget").values()
        for name in chosen_by(budget["spec"]["selector"]["matchLabels"])
        if budget["spec"]["maxUnavailable"] == 1
    ]
    several = [name for name, workload in WORKLOADS.items() if workload["spec"].get("replicas", 1) > 1]
    assert sorted(protected) == sorted(several)


def test_who_may_connect_is_named_by_labels_and_ports_that_there_are() -> None:
    labels = {pod_labels["app"] for _, _, pod_labels in pods()}
    for policy in of_kind("NetworkPolicy").values():
        (app,) = chosen_by(policy["spec"]["podSelector"]["matchLabels"])[:1]
        ports = {port["name"] for name, _, c in containers() if name == app for port in c["ports"]}
        for rule in policy["spec"]["ingress"]:
            assert {port["port"] for port in rule["ports"]} <= ports
            for source in rule["from"]:
                chosen = source["podSelector"]
                named = (
                    [chosen["matchLabels"]["app"]]
                    if "matchLabels" in chosen
                    else chosen["matchExpressions"][0]["values"]
                )
                assert set(named) <= labels


def test_the_servers_make_the_cluster_that_the_tables_are_spread_over() -> None:
    (migrate,) = (container for name, _, container in containers() if name == "migrate")
    values = {variable["name"]: variable.get("value") for variable in migrate["env"]}
    server = CONFIGS["clickhouse-server"]["data"]["spanglass.xml"]
    check_cluster(ET.fromstring(server), name=values["SPANGLASS_CLICKHOUSE_CLUSTER"], shards=SERVERS, keepers=KEEPERS)
    assert values["SPANGLASS_CLICKHOUSE_URL"].endswith(f"@{SERVERS['1'][0]}:8123/spanglass"), "one server for all steps"
    for shard, servers in SERVERS.items():
        (container,) = (each for name, _, each in containers() if name == f"clickhouse-{shard}")
        environment = {variable["name"]: variable for variable in container["env"]}
        assert variables(server) <= set(environment)
        assert environment["SHARD"]["value"] == shard
        assert environment["REPLICA"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
        assert WORKLOADS[f"clickhouse-{shard}"]["spec"]["replicas"] == len(servers)


def test_the_keepers_know_one_another() -> None:
    check_keeper(ET.fromstring(CONFIGS["keeper"]["data"]["keeper.xml"]), KEEPERS)
    assert WORKLOADS["keeper"]["spec"]["replicas"] == len(KEEPERS)


def test_addresses_lead_to_services_and_their_ports() -> None:
    values = [variable.get("value", "") for _, _, container in containers() for variable in container.get("env", [])]
    found = {pair for value in values for pair in re.findall(r"(?:@|//)([a-z][\w.-]+):(\d+)", value)}
    assert len(found) >= 4
    for host, port in found:
        pod, _, service = host.rpartition(".")
        if service == KUSTOMIZATION["namespace"]:
            pod, service = "", pod
        assert int(port) in {each["port"] for each in SERVICES[service]["spec"]["ports"]}
        if pod:
            workload, _, number = pod.rpartition("-")
            assert int(number) < WORKLOADS[workload]["spec"]["replicas"]


@pytest.mark.clickhouse
def test_the_database_knows_every_setting_we_give_it(store: Store) -> None:
    server, profile = (
        ET.fromstring(CONFIGS[name]["data"]["spanglass.xml"]) for name in ("clickhouse-server", "clickhouse-profile")
    )
    check_known(store, server, profile)
    logs = [element for element in server if element.tag.endswith("_log")]
    assert [element.tag for element in logs if element.get("remove") != "1" and element.find("ttl") is None] == []
    assert "query_log" in {element.tag for element in logs}
