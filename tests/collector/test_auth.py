from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import replace

import pytest

from spanglass_collector.errors import Busy, Forbidden, Rejected, Unauthenticated
from spanglass_collector.receive.auth import ASK_AGAIN_SECONDS, Gate, Keyring, key_in
from spanglass_collector.settings import is_loopback
from spanglass_store.errors import StoreUnavailable
from spanglass_store.keys import ApiKey, Scope, new_key


class Keys:
    """The database's keys, and a clock to go with them."""

    def __init__(self) -> None:
        self.kept: list[ApiKey] = []
        self.reads = 0
        self.away = False
        self.now_seconds = 1000.0

    def add(self, project: str, scope: Scope) -> str:
        text, key = new_key(project, "k", scope, secret=f"{len(self.kept):x}" * 43, key_id="1", now_ns=1)
        self.kept.append(key)
        return text

    def load(self) -> Iterable[ApiKey]:
        self.reads += 1
        if self.away:
            msg = "away"
            raise StoreUnavailable(msg)
        return list(self.kept)


@pytest.fixture
def keys() -> Keys:
    return Keys()


def gate_of(keys: Keys, *, required: bool = True) -> Gate:
    return Gate(Keyring(keys.load, monotonic=lambda: keys.now_seconds), keys_required=required)


def ask(gate: Gate, scope: Scope = "ingest", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(gate.project_of(named, scope))


def test_a_key_speaks_for_its_project_in_any_of_its_forms(keys: Keys) -> None:
    key = keys.add("shop", "ingest")
    basic = base64.b64encode(f"pk-lf-1:{key}".encode()).decode()
    gate = gate_of(keys)
    assert ask(gate, authorization=f"Bearer {key}") == "shop"
    assert ask(gate, authorization=f"bearer  {key} ") == "shop"
    assert ask(gate, authorization=f"Basic {basic}") == "shop"
    assert ask(gate, x_api_key=key) == "shop"
    assert keys.reads == 1


@pytest.mark.parametrize(
    ("scope", "needed", "allowed"),
    [
        ("ingest", "ingest", True), ("ingest", "read", False), ("read", "read", True), ("read", "ingest", False),
        ("admin", "ingest", True), ("admin", "read", True),
    ],
)  # fmt: skip
def test_a_key_may_do_what_its_scope_says(keys: Keys, scope: Scope, needed: Scope, allowed: bool) -> None:
    headers = {"authorization": f"Bearer {keys.add('shop', scope)}"}
    if allowed:
        assert ask(gate_of(keys), needed, **headers) == "shop"
    else:
        with pytest.raises(Forbidden, match="is needed here"):
            ask(gate_of(keys), needed, **headers)


def test_without_a_known_key_nobody_comes_in(keys: Keys) -> None:
    keys.add("shop", "ingest")
    with pytest.raises(Unauthenticated, match="An API key is needed"):
        ask(gate_of(keys))
    with pytest.raises(Unauthenticated, match="An API key is needed"):
        ask(gate_of(keys), authorization="Basic !!!")
    with pytest.raises(Unauthenticated, match="not known"):
        ask(gate_of(keys), authorization="Bearer sg_wrong")
    with pytest.raises(Unauthenticated, match="not known"):
        ask(gate_of(keys), authorization="Bearer sk-of-someone-else", x_spanglass_project="shop")


def test_a_revoked_key_is_not_known(keys: Keys) -> None:
    key = keys.add("shop", "ingest")
    keys.kept[0] = replace(keys.kept[0], revoked_at_ns=5)
    with pytest.raises(Unauthenticated):
        ask(gate_of(keys), authorization=f"Bearer {key}")


def test_on_loopback_the_project_is_told_by_the_key_else_by_the_header(keys: Keys) -> None:
    gate = gate_of(keys, required=False)
    assert ask(gate) == "default"
    assert ask(gate, x_spanglass_project="team.a_b-1") == "team.a_b-1"
    assert ask(gate, authorization="Basic cGs6c2s=") == "default"
    assert ask(gate, authorization=f"Bearer {keys.add('shop', 'ingest')}", x_spanglass_project="other") == "shop"
    for name in ("", "x" * 65, "a b", "é", "../x"):
        if name:
            with pytest.raises(Rejected, match="1 to 64"):
                ask(gate, x_spanglass_project=name)


def test_a_new_key_works_soon_and_bad_ones_do_not_flood_the_database(keys: Keys) -> None:
    gate = gate_of(keys)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            ask(gate, authorization="Bearer sg_wrong")
    assert keys.reads == 1
    key = keys.add("shop", "ingest")
    keys.now_seconds += ASK_AGAIN_SECONDS
    assert ask(gate, authorization=f"Bearer {key}") == "shop"


def test_keys_last_read_stay_good_while_the_database_is_away(keys: Keys) -> None:
    key = keys.add("shop", "ingest")
    gate = gate_of(keys)
    ask(gate, authorization=f"Bearer {key}")
    keys.away = True
    keys.now_seconds += 3600
    asyncio.run(gate._keyring.refresh())
    assert ask(gate, authorization=f"Bearer {key}") == "shop"


def test_before_any_key_was_read_nobody_can_say(keys: Keys) -> None:
    keys.away = True
    with pytest.raises(Busy, match="cannot be read yet"):
        ask(gate_of(keys), authorization="Bearer sg_some")


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, ""),
        ({"authorization": "Bearer"}, ""),
        ({"authorization": "Basic bm9jb2xvbg=="}, ""),
        ({"authorization": "Digest x", "x-api-key": "k"}, "k"),
        ({"authorization": "Basic " + base64.b64encode(b"u:p:q").decode()}, "p:q"),
    ],
)
def test_the_key_is_found_in_the_headers(headers: dict[str, str], key: str) -> None:
    assert key_in(headers) == key


@pytest.mark.parametrize(
    ("host", "let_in"),
    [
        ("localhost:4318", True),
        ("127.0.0.1:4318", True),
        ("[::1]:4318", True),
        ("LOCALHOST", True),
        ("shop.localhost:80", True),
        ("evil.example:4318", False),
        ("localhost.evil.example", False),
        ("10.0.0.7:4318", False),
    ],
)
def test_without_a_key_this_machine_is_asked_by_its_own_name(keys: Keys, host: str, let_in: bool) -> None:
    gate = Gate(Keyring(keys.load), keys_required=False, local_names=is_loopback)
    assert ask(gate, "read") == "default"  # gRPC names no host
    if let_in:
        assert ask(gate, "read", host=host) == "default"
    else:
        with pytest.raises(Forbidden, match="SPANGLASS_REQUIRE_KEYS"):
            ask(gate, "read", host=host)
        assert ask(gate, "read", host=host, x_api_key=keys.add("shop", "read")) == "shop"
