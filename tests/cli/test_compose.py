"""docker-compose.yml keeps its promises, and what it starts really runs.

Each service's own command and health check run here, against the embedded server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from command import SPANGLASS, clean_environment
from ports import free_port

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import pending
from spanglass_store.query import query

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "collector", "monitor", "dashboard")
LASTING = ("collector", "monitor", "dashboard")
SERVER_XML = ROOT / "deploy" / "clickhouse" / "server.xml"
PROFILE_XML = ROOT / "deploy" / "clickhouse" / "profile.xml"
PASSWORDS = {"SPANGLASS_CLICKHOUSE_PASSWORD": "pw1", "SPANGLASS_DASHBOARD_PASSWORD": "pw2"}


def bytes_of(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([mg])", text).groups()  # type: ignore[union-attr]
    return int(number) * {"m": 1024**2, "g": 1024**3}[unit]


def test_the_services_are_these() -> None:
    assert set(SERVICES) == {"clickhouse", *OURS}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_limits_and_a_fixed_version(name: str) -> None:
    service = SERVICES[name]
    assert bytes_of(service["mem_limit"]) <= 2 * 1024**3
    assert re.search(r":\d+\.\d+", service["image"]), "an image needs its version"
    assert service["logging"]["options"]["max-size"]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")


@pytest.mark.parametrize("name", ["clickhouse", *LASTING])
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@pytest.mark.parametrize("name", OURS)
def test_our_services_can_do_no_more_than_they_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service, "the image's own user is not root"


@pytest.mark.parametrize("name", LASTING)
def test_they_wait_for_the_database_and_its_tables(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {
        "clickhouse": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_only_this_machine_can_connect_and_not_to_the_database() -> None:
    published = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert published["clickhouse"] == []
    for port in (port for ports in published.values() for port in ports):
        assert port.startswith("127.0.0.1:")


def test_what_must_last_is_in_volumes() -> None:
    kept = {volume.split(":")[0]: volume.split(":")[1] for s in SERVICES.values() for volume in s.get("volumes", [])}
    assert kept["clickhouse"] == "/var/lib/clickhouse"
    assert kept["queue"] == SERVICES["collector"]["environment"]["SPANGLASS_DATA_DIR"]
    assert set(COMPOSE["volumes"]) == {"clickhouse", "queue"}
    files = [name for name in kept if name.startswith("./")]
    assert sorted((ROOT / name).resolve() for name in files) == sorted([SERVER_XML, PROFILE_XML])


def test_the_dashboard_asks_the_collector_where_it_is() -> None:
    port = SERVICES["collector"]["environment"]["SPANGLASS_PORT"]
    assert SERVICES["dashboard"]["environment"]["SPANGLASS_COLLECTOR_API_URL"] == f"http://collector:{port}"


def test_no_password_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    needed = set(re.findall(r"\$\{(\w+PASSWORD):\?", text))
    assert needed == set(PASSWORDS)
    example = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line)
    assert needed <= set(example)
    assert {example[name] for name in needed} == {""}
    assert not re.search(r"PASSWORD\}", text), "without a password it must not start"


def test_the_image_is_not_run_by_root_and_holds_no_secret() -> None:
    lines = [line.strip() for line in (ROOT / "Dockerfile").read_text().splitlines()]
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")) :]
    users = [line.split()[1] for line in last_stage if line.startswith("USER ")]
    assert users
    assert users[-1] not in {"root", "0"}
    assert all("latest" not in line for line in lines if line.startswith("FROM "))
    assert not [line for line in lines if re.match(r"(ENV|ARG).*(PASSWORD|SECRET|TOKEN|API_KEY)", line)]
    assert [line for line in lines if "uv sync" in line and "--locked" in line]


def test_the_image_is_given_every_room_and_nothing_else() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    sources = {word for line in copied for word in line.split()}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sources == allowed
    for name in sources:
        assert (ROOT / name).exists()


def leaves(element: ET.Element) -> dict[str, str]:
    return {child.tag: (child.text or "").strip() for child in element if len(child) == 0 and not child.attrib}


def test_the_database_stays_below_its_container() -> None:
    limit = int(leaves(ET.parse(SERVER_XML).getroot())["max_server_memory_usage"])
    assert limit <= 0.8 * bytes_of(SERVICES["clickhouse"]["mem_limit"])
    profile = ET.parse(PROFILE_XML).getroot().find("profiles/default")
    assert profile is not None
    assert int(leaves(profile)["max_memory_usage"]) <= limit / 2


def test_the_databases_own_logs_are_off_or_limited() -> None:
    root = ET.parse(SERVER_XML).getroot()
    tables = [element for element in root if element.tag.endswith("_log")]
    assert {"trace_log", "text_log", "metric_log", "asynchronous_metric_log", "query_log"} <= {t.tag for t in tables}
    assert [table.tag for table in tables if table.get("remove") != "1" and table.find("ttl") is None] == []


@pytest.mark.clickhouse
def test_the_database_knows_every_setting_we_give_it(store: Store) -> None:
    given = leaves(ET.parse(SERVER_XML).getroot())
    profile = ET.parse(PROFILE_XML).getroot().find("profiles/default")
    merge_tree = ET.parse(SERVER_XML).getroot().find("merge_tree")
    assert profile is not None
    assert merge_tree is not None
    for table, names in (
        ("server_settings", set(given)),
        ("settings", set(leaves(profile))),
        ("merge_tree_settings", set(leaves(merge_tree))),
    ):
        known = {row["name"] for row in store.fetch_rows(query("settings", f"SELECT name FROM system.{table}"))}
        assert names - known == set(), table


class Service:
    """A service of the compose file, run here: its own command and environment, other addresses."""

    def __init__(self, name: str, database_url: str, folder: Path) -> None:
        self.spec = SERVICES[name]
        self.port, self.grpc_port = free_port(), free_port()
        self.folder = folder
        self._url = database_url

    def here(self, text: str) -> str:
        """A value of the compose file with the addresses, ports and folders of this machine."""
        text = re.sub(r"\$\{(\w+)(?::[?-]([^}]*))?\}", lambda m: PASSWORDS.get(m[1]) or m[2], text)
        text = text.replace("http://spanglass:pw1@clickhouse:8123/spanglass", self._url)
        for port in ("4318", "8501"):
            text = re.sub(rf"^{port}$|(?<=127\.0\.0\.1:){port}\b", str(self.port), text)
        text = re.sub(r"^4317$", str(self.grpc_port), text)
        return re.sub(r"^(/var/lib/spanglass|/tmp)\b", str(self.folder), text)

    @property
    def environment(self) -> dict[str, str]:
        return {name: self.here(str(value)) for name, value in self.spec["environment"].items()}

    def start(self) -> subprocess.Popen[bytes]:
        command = [SPANGLASS, *self.spec["command"]]
        return subprocess.Popen(
            command, env=clean_environment() | self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def is_healthy(self) -> bool:
        kind, program, *arguments = self.spec["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        return subprocess.run([sys.executable, *map(self.here, arguments)], check=False).returncode == 0


@pytest.fixture(scope="module")
def migrated_url(clickhouse: EmbeddedClickHouse) -> Iterator[str]:
    """A database brought up to date by the compose file's own service."""
    url = clickhouse.url(database=f"t_compose_{os.getpid()}")
    service = Service("migrate", url, Path("/nowhere"))
    with service.start() as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out.decode()
    assert url == service.environment["SPANGLASS_CLICKHOUSE_URL"]
    yield url
    with Store.open(url) as store:
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": store.database}, use_database=False)


@pytest.mark.clickhouse
def test_migrate_leaves_nothing_to_do(migrated_url: str) -> None:
    with Store.open(migrated_url) as store:
        assert pending(store) == []


@pytest.mark.clickhouse
@pytest.mark.parametrize("name", LASTING)
def test_each_service_starts_becomes_healthy_and_ends_when_asked(name: str, migrated_url: str, tmp_path: Path) -> None:
    service = Service(name, migrated_url, tmp_path)
    assert "clickhouse:8123" not in json.dumps(service.environment)
    assert not service.is_healthy()
    with service.start() as process:
        try:
            while not service.is_healthy():  # pytest's own time limit ends this
                assert process.poll() is None, process.stdout.read().decode()  # type: ignore[union-attr]
                time.sleep(0.2)
        finally:
            process.terminate()
            process.communicate(timeout=15)
    assert process.returncode in {0, -15}
    assert not name.startswith("monitor") or (tmp_path / "monitor.heartbeat").exists()
