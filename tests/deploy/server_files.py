"""What the configuration of a cluster's servers must say, wherever the files are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from spanglass_store.cluster import MACROS
from spanglass_store.connection import Store
from spanglass_store.query import query

SECTIONS = (
    "merge_tree",
    "logger",
    "macros",
    "remote_servers",
    "zookeeper",
    "distributed_ddl",
    "interserver_http_credentials",
)


def leaves(element: ET.Element | None) -> dict[str, str]:
    """Settings with a value of their own."""
    assert element is not None
    return {child.tag: (child.text or "").strip() for child in element if len(child) == 0 and not child.attrib}


def texts(root: ET.Element, path: str) -> list[str]:
    """The texts of all elements at a path."""
    return [(element.text or "").strip() for element in root.findall(path)]


def check_cluster(root: ET.Element, *, name: str, shards: Mapping[str, list[str]], keepers: list[str]) -> None:
    """A cluster of that name, with those servers, replicated through those Keepers."""
    cluster = root.find(f"remote_servers/{name}")
    assert cluster is not None
    assert [texts(shard, "replica/host") for shard in cluster.findall("shard")] == list(shards.values())
    assert set(texts(cluster, "shard/internal_replication")) == {"true"}, "else an insert writes every replica itself"
    assert set(texts(cluster, "shard/replica/port")) == {"9000"}
    assert texts(root, "zookeeper/node/host") == keepers
    assert set(texts(root, "zookeeper/node/port")) == {"9181"}
    assert root.find("distributed_ddl/path") is not None, "else nothing is done ON CLUSTER"
    macros = root.find("macros")
    assert macros is not None
    assert {macro.tag for macro in macros} >= MACROS


def variables(text: str) -> set[str]:
    """Environment variables that a configuration takes values from."""
    return set(re.findall(r'from_env="(\w+)"', text))


def check_keeper(root: ET.Element, keepers: list[str]) -> None:
    """The Keepers know one another by these names, and each has a port for its clients and one for its health."""
    assert texts(root, "keeper_server/raft_configuration/server/hostname") == keepers
    assert texts(root, "keeper_server/raft_configuration/server/id") == ["1", "2", "3"]
    assert texts(root, "keeper_server/tcp_port") == ["9181"]
    assert texts(root, "keeper_server/http_control/port") == ["9182"]


def check_known(store: Store, server: ET.Element, profile: ET.Element) -> None:
    """The engine knows each setting."""
    given = {
        "server_settings": set(leaves(server)) - {"interserver_http_port"},
        "merge_tree_settings": set(leaves(server.find("merge_tree"))),
        "settings": set(leaves(profile.find("profiles/default"))),
    }
    for table, names in given.items():
        known = {row["name"] for row in store.fetch_rows(query("settings", f"SELECT name FROM system.{table}"))}
        assert names - known == set(), table
