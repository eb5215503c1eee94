"""deploy/cluster: what the files say of one another is so. There is no Docker here: nothing of it is started."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from deploy.programs import ROLES, check_command, check_health, check_variables
from deploy.server_files import check_cluster, check_keeper, check_known, variables

from spanglass_store.connection import Store

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "cluster"
TEXT = (FOLDER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
SERVERS = {"1": ["clickhouse-1-1", "clickhouse-1-2"], "2": ["clickhouse-2-1", "clickhouse-2-2"]}
EVERY_SERVER = [name for shard in SERVERS.values() for name in shard]
KEEPERS = ["keeper-1", "keeper-2", "keeper-3"]
BALANCERS = ["clickhouse", "collectors"]
OURS = ["migrate", "collector-1", "collector-2", "monitor", "dashboard"]
CLUSTER_XML = FOLDER / "clickhouse" / "cluster.xml"
KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "init", "logging", "mem_limit",
    "ports", "read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "ulimits", "volumes",
}  # fmt: skip
"""What a service may say, of the Compose specification (https://github.com/compose-spec/compose-spec, 05-services.md)."""


def role_of(name: str) -> str:
    return name.rstrip("-12")


def test_the_services_are_these_and_say_what_compose_knows() -> None:
    assert set(SERVICES) == {*EVERY_SERVER, *KEEPERS, *BALANCERS, *OURS}
    for service in SERVICES.values():
        assert set(service) <= KEYS
        assert re.search(r":\d+\.\d+", service["image"]), "an image needs its version"
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
        assert service["logging"]["options"]["max-size"]
    assert (FOLDER / SERVICES["collector-1"]["build"]).resolve() == ROOT


@pytest.mark.parametrize("name", OURS)
def test_our_own_programs_exist_with_these_words_and_variables(name: str) -> None:
    service = SERVICES[name]
    role = role_of(name)
    assert role in ROLES
    assert service["command"][0] == role
    check_command(service["command"])
    check_variables(role, service["environment"])
    if name != "migrate":
        check_health(service["healthcheck"]["test"][1:])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_everything_lasting_is_watched_and_started_after_what_it_needs() -> None:
    lasting = set(SERVICES) - {"migrate"}
    assert [name for name in lasting if "healthcheck" not in SERVICES[name]] == []
    for service in SERVICES.values():
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in SERVICES
            expected = "service_completed_successfully" if needed == "migrate" else "service_healthy"
            assert condition == {"condition": expected}
    assert set(SERVICES["migrate"]["depends_on"]) == set(EVERY_SERVER), "ON CLUSTER waits for each of them"


def test_the_servers_make_the_cluster_that_the_tables_are_spread_over() -> None:
    name = SERVICES["migrate"]["environment"]["SPANGLASS_CLICKHOUSE_CLUSTER"]
    check_cluster(ET.parse(CLUSTER_XML).getroot(), name=name, shards=SERVERS, keepers=KEEPERS)
    for shard, servers in SERVERS.items():
        for replica, server in enumerate(servers, start=1):
            environment = SERVICES[server]["environment"]
            assert (environment["SHARD"], environment["REPLICA"]) == (shard, str(replica))
            assert variables(CLUSTER_XML.read_text()) <= set(environment)


def test_the_keepers_know_one_another() -> None:
    path = FOLDER / "keeper" / "keeper.xml"
    check_keeper(ET.parse(path).getroot(), KEEPERS)
    assert variables(path.read_text()) == {"KEEPER_ID"}
    assert [SERVICES[name]["environment"]["KEEPER_ID"] for name in KEEPERS] == ["1", "2", "3"]


def test_what_must_last_is_in_a_volume_of_its_own_and_files_are_there() -> None:
    mounted = [volume.split(":") for service in SERVICES.values() for volume in service.get("volumes", [])]
    kept = [source for source, *_ in mounted if not source.startswith(".")]
    assert sorted(kept) == sorted(COMPOSE["volumes"])
    assert len(set(kept)) == len(kept)
    assert {f"queue-{n}" for n in (1, 2)} < set(kept)
    for source, _, mode in (volume for volume in mounted if volume[0].startswith(".")):
        assert (FOLDER / source).is_file()
        assert mode == "ro"


def test_addresses_lead_to_services_and_to_the_ports_they_listen_on() -> None:
    listens = {
        "clickhouse": "8123",
        **dict.fromkeys(EVERY_SERVER, "8123"),
        "collector-1": "4318",
        "collector-2": "4318",
    }
    told = [str(value) for service in SERVICES.values() for value in (service.get("environment") or {}).values()]
    found = [
        pair for value in told for pair in re.findall(r"(?:@|//)([a-z][\w-]+):(\d+)", value) if "$" not in value[:2]
    ]
    assert {host for host, _ in found} == {"clickhouse", "clickhouse-1-1", "collector-1", "collector-2"}
    assert [pair for pair in found if listens[pair[0]] != pair[1]] == []


@pytest.mark.parametrize(
    ("file", "port", "servers"),
    [
        ("collectors.conf", "4318", ["collector-1", "collector-2"]),
        ("collectors.conf", "4317", ["collector-1", "collector-2"]),
        ("clickhouse/balancer.conf", "8123", EVERY_SERVER),
    ],
)
def test_a_balancer_knows_all_that_it_leads_to(file: str, port: str, servers: list[str]) -> None:
    text = (FOLDER / file).read_text()
    assert re.findall(rf"server ([\w-]+):{port} max_fails", text) == servers
    assert f"listen {port};" in text
    named, used = set(re.findall(r"upstream (\w+)", text)), set(re.findall(r"_pass \w+://(\w+);", text))
    assert named == used
    assert text.count("{") == text.count("}")


def test_only_this_machine_can_connect_and_not_to_the_database() -> None:
    published = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert {name for name, ports in published.items() if ports} == {"collectors", "dashboard"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_no_secret_is_written_down() -> None:
    needed = set(re.findall(r"\$\{(\w+(?:PASSWORD|SECRET)):\?", TEXT))
    example = dict(line.split("=", 1) for line in (FOLDER / ".env.example").read_text().splitlines() if "=" in line)
    assert {name for name, value in example.items() if not value} == needed
    assert not re.search(r"(PASSWORD|SECRET)\}", TEXT), "without them it must not start"


@pytest.mark.clickhouse
def test_the_database_knows_every_setting_we_give_it(store: Store) -> None:
    profile = ET.parse(ROOT / "deploy" / "clickhouse" / "profile.xml").getroot()
    check_known(store, ET.parse(CLUSTER_XML).getroot(), profile)
