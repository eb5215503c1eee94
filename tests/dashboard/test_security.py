"""The gate: who may pass, what every answer carries."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from dashboard.serving import dashboard
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from spanglass_dashboard import security
from spanglass_dashboard.security import COOKIE, HEADERS, Gate, Login, content_security_policy

PASSWORD = "correct horse"
NOWHERE = "http://nobody@127.0.0.1:1/spanglass"


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def login() -> Login:
    return Login(PASSWORD, Clock())


def test_only_the_password_is_right(login: Login):
    assert login.is_right(PASSWORD)
    assert not login.is_right(PASSWORD + " ")
    assert not login.is_right("")


def test_a_cookie_is_good_until_it_expires():
    clock = Clock()
    login = Login(PASSWORD, clock)
    cookie = login.new_cookie()
    assert login.accepts(cookie)
    assert Login(PASSWORD, clock).accepts(cookie), "another replica accepts it"
    assert not Login("other", clock).accepts(cookie), "a new password ends all sessions"
    clock.now += security.SESSION_SECONDS
    assert not login.accepts(cookie)


@given(st.text(max_size=100))
def test_no_made_up_cookie_passes(login: Login, text: str):
    assert not login.accepts(text)


def test_a_cookie_cannot_be_made_to_last(login: Login):
    expires, _, signature = login.new_cookie().partition(".")
    assert not login.accepts(f"{int(expires) + 1}.{signature}")


def test_the_policy_allows_inline_scripts_by_hash_only():
    policy = content_security_policy("<script>\n one = 1\n</script><script type='module' src='x.js'></script>")
    digest = base64.b64encode(hashlib.sha256(b"\n one = 1\n").digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a b", ""])
def test_after_the_login_one_stays_on_this_host(path: str):
    assert security._local(path) == "/"


def test_a_path_with_filters_is_kept():
    assert security._local("/traces?trace=ab&t=7d") == "/traces?trace=ab&t=7d"


def test_without_a_password_everything_passes_with_headers():
    answer = asyncio.run(_ask(Gate(_app, policy="p", login=None), "/anything"))
    names = {name.decode(): value.decode() for name, value in answer["headers"]}
    assert answer["status"] == 200
    assert names["content-security-policy"] == "p"
    assert {name.lower() for name in HEADERS} <= set(names)


def test_a_body_that_is_too_long_is_no_login(login: Login):
    body = b"password=" + PASSWORD.encode() + b"&x=" + b"x" * security.MAX_FORM_BYTES
    answer = asyncio.run(_ask(Gate(_app, policy="p", login=login), "/login", method="POST", body=body))
    assert answer["status"] == 401


async def _app(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _ask(app: Gate, path: str, *, method: str = "GET", body: bytes = b"") -> Message:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return sent[0]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real dashboard with a password; its database is away, which the gate must not need."""
    log = tmp_path_factory.mktemp("locked") / "dashboard.log"
    with dashboard(NOWHERE, log, SPANGLASS_DASHBOARD_PASSWORD=PASSWORD) as address:
        yield address


@pytest.mark.parametrize("path", ["/", "/traces?trace=ab", "/static/js/index.js", "/_stcore/metrics", "/media/x"])
def test_a_stranger_is_sent_to_the_login(locked: str, path: str):
    answer = httpx.get(locked + path)
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).path == "/login"
    assert "content-security-policy" in answer.headers


def test_a_stranger_cannot_post(locked: str):
    assert httpx.post(f"{locked}/_stcore/upload_file/a/b").status_code == 401


def test_health_is_open(locked: str):
    assert httpx.get(f"{locked}/_stcore/health").text == "ok"


def test_the_login_lets_in_and_the_way_out_leads_out(locked: str):
    with httpx.Client(base_url=locked) as client:
        wrong = client.post("/login", data={"password": "guess"})
        assert wrong.status_code == 401
        assert "That is not the password." in wrong.text
        right = client.post("/login", data={"password": PASSWORD, "next": "/traces?t=7d"})
        assert (right.status_code, right.headers["location"]) == (303, "/traces?t=7d")
        cookie = right.headers["set-cookie"].lower()
        assert all(word in cookie for word in (COOKIE, "httponly", "samesite=lax"))
        assert client.get("/").status_code == 200
        assert client.get("/logout").headers["location"] == "/login"
        assert client.get("/").status_code == 303


def upgraded(address: str, **headers: str) -> int:
    """The status of asking for the WebSocket: 101 where it opens."""
    asked = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        **headers,
    }
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)) as connection:
        connection.request("GET", "/_stcore/stream", headers=asked)
        with closing(connection.getresponse()) as answer:
            return answer.status


def test_the_websocket_has_the_same_gate(locked: str):
    assert upgraded(locked) == 403
    assert upgraded(locked, Cookie=f"{COOKIE}=made.up") == 403
    right = httpx.post(f"{locked}/login", data={"password": PASSWORD})
    assert upgraded(locked, Cookie=f"{COOKIE}={right.cookies[COOKIE]}") == 101


def test_a_page_of_another_host_gets_no_stream(tmp_path: Path):
    with dashboard(NOWHERE, tmp_path / "dashboard.log") as address:
        assert upgraded(address, Origin=address) == 101
        assert upgraded(address, Origin="http://evil.example") == 403
        assert upgraded(address, Host="evil.example", Origin="http://evil.example") == 403
