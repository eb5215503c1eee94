"""Place and facts over HTTP headers: what is told, what is understood, and to whom it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import httpx2
import pytest
import requests
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from sdk.servers import Request, _Handler, serving

import spanglass
from spanglass import propagation, semconv
from spanglass.context import ambient
from spanglass.propagation import facts
from spanglass.propagation.hosts import Hosts
from spanglass.propagation.httpx import propagate as propagate_httpx
from spanglass.propagation.requests import propagate as propagate_requests
from spanglass.testing import Captured

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@spanglass.observe
def work() -> str | None:
    return spanglass.current_trace_id()


def test_there_and_back(seen: Captured) -> None:
    with (
        spanglass.context(
            user_id="ü1",
            session_id="s,1;=",
            tags=["a b", "c"],
            metadata={"plan": "pro", "n": 3, "x": 0.5, "on": True, "text": "7", "deep": {"k": [1]}},
            prompt_name="greet",
            prompt_version=7,
        ),
        spanglass.span("here"),
    ):
        headers = propagation.inject()
    with spanglass.context(user_id="outer", tags=["own", "c"]), propagation.continued(headers):
        work()
    assert spanglass.current_trace_id() is None
    here, there = seen.span("here"), seen.span("work")
    assert (there.trace_id, there.parent_span_id) == (here.trace_id, here.span_id)
    carried = {key: value for key, value in here.attributes.items() if key != semconv.TAGS}
    assert {key: value for key, value in there.attributes.items() if key in carried} == carried
    assert there.attributes[semconv.TAGS] == ["own", "c", "a b"]


def test_outside_of_everything_nothing_is_told() -> None:
    headers = {"accept": "*/*"}
    assert propagation.inject(headers) is headers
    assert headers == {"accept": "*/*"}
    assert propagation.environment() == {}


def test_the_applications_own_baggage_goes_along_and_ours_does_not_stay_in_it(seen: Captured) -> None:
    token = otel_context.attach(baggage.set_baggage("colour", "blue"))
    with spanglass.context(user_id="u1"):
        headers = propagation.inject({})
    otel_context.detach(token)
    with propagation.continued(headers):
        assert dict(baggage.get_all()) == {"colour": "blue"}
        work()
    assert seen.span("work").attributes[semconv.USER_ID] == "u1"


@pytest.mark.parametrize(
    "headers",
    [
        {"TraceParent": TRACEPARENT, "BAGGAGE": "user.id=u1"},
        [("traceparent", TRACEPARENT), ("baggage", "a=b"), ("baggage", "user.id=u1")],
        [(b"traceparent", TRACEPARENT.encode()), (b"baggage", b"user.id=u1")],
        httpx.Headers({"traceparent": TRACEPARENT, "baggage": "user.id=u1"}),
        httpx2.Headers({"traceparent": TRACEPARENT, "baggage": "user.id=u1"}),
        requests.structures.CaseInsensitiveDict({"Traceparent": TRACEPARENT, "Baggage": "user.id=u1"}),
    ],
)
def test_headers_of_any_library(seen: Captured, headers: propagation.Headers) -> None:
    with propagation.continued(headers):
        assert work() == TRACE
    span = seen.span("work")
    assert (span.parent_span_id, span.attributes[semconv.USER_ID]) == (SPAN, "u1")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": "rubbish"},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"traceparent": f"ff-{TRACE}-{SPAN}-01"},
        {"traceparent": None, "baggage": None},
        {"traceparent": TRACEPARENT.encode() + b"\xff"},
        [("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)],
        {"baggage": "=;,,==,"},
        {"baggage": "spanglass=%7Bnot json"},
        {"baggage": "spanglass=%5B1%5D"},
        {"baggage": "spanglass=" + "x" * 10_000},
    ],
)
def test_what_is_malformed_says_nothing(seen: Captured, headers: propagation.Headers) -> None:
    with spanglass.span("root") as root, propagation.continued(headers):
        assert work() == root.trace_id
    assert dict(seen.span("work").attributes) == {
        semconv.SPAN_KIND: "span",
        semconv.OUTPUT: root.trace_id,
    }


def test_facts_of_the_wrong_sort_are_left_out() -> None:
    entry = {
        semconv.USER_ID: 7,
        semconv.SESSION_ID: "s1",
        semconv.TAGS: ["a", 1],
        "gen_ai.request.model": "m",
        "spanglass.metadata.n": 3,
        "spanglass.metadata.deep": {"k": 1},
    }
    assert facts.from_entry(json.dumps(entry)) == {semconv.SESSION_ID: "s1", "spanglass.metadata.n": 3}


def test_what_is_told_is_bounded_and_what_matters_most_goes_first() -> None:
    metadata = {f"k{n}": "ü" * 400 for n in range(100)}
    with spanglass.context(user_id="u1", session_id="s" * 200, metadata={**metadata, "small": 1}, tags=["t"]):
        headers = propagation.inject({})
    assert len(headers["baggage"]) < 3_200
    with propagation.continued(headers):
        found = ambient()
    assert (found[semconv.USER_ID], found[semconv.SESSION_ID], found[semconv.TAGS]) == ("u1", "s" * 200, ["t"])
    assert found["spanglass.metadata.small"] == 1
    with spanglass.context(user_id="u" * 5_000):
        assert propagation.inject({}) == {}


def test_the_environment_of_a_process(seen: Captured) -> None:
    with spanglass.context(user_id="u1"), spanglass.span("root") as root:
        told = propagation.environment()
    assert set(told) == {"TRACEPARENT", "BAGGAGE"}
    assert root.trace_id in told["TRACEPARENT"]


@pytest.mark.parametrize(
    ("host", "patterns", "allowed"),
    [
        ("localhost", [], True),
        ("127.0.0.1", [], True),
        ("127.8.8.8", [], True),
        ("::1", [], True),
        ("[::1]", [], True),
        ("127.evil.example", [], False),
        ("api.example", [], False),
        ("api.example", ["api.example"], True),
        ("API.Example.", ["api.EXAMPLE"], True),
        ("a.svc.local", ["*.svc.local"], True),
        ("svc.local.evil.example", ["*.svc.local"], False),
        ("anything", ["*"], True),
        (None, [], False),
        ("", [], False),
    ],
)
def test_who_is_told(host: str | None, patterns: list[str], allowed: bool) -> None:
    assert (host in Hosts(patterns)) is allowed


@pytest.fixture
def world() -> Iterator[tuple[str, list[Request]]]:
    """A proxy that stands for every host there is, and what it was asked; ``/away`` leads to another host."""
    asked: list[Request] = []

    class Handler(_Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server's name
            asked.append(self.received())
            if self.path.endswith("/away"):
                self.send_response(302)
                self.send_header("location", "http://third.example/landed")
                self.send_header("content-length", "0")
                self.end_headers()
            else:
                self.answer(200, b"{}")

    with serving(Handler) as url:
        yield url, asked


def get_httpx(world: str, url: str, hosts: list[str], headers: dict[str, str]) -> None:
    with httpx.Client(proxy=world, follow_redirects=True) as client:
        assert propagate_httpx(propagate_httpx(client), hosts) is client
        assert client.get(url, headers=headers).status_code == 200


def get_httpx2(world: str, url: str, hosts: list[str], headers: dict[str, str]) -> None:
    with httpx2.Client(proxy=world, follow_redirects=True) as client:
        propagate_httpx(client, hosts).get(url, headers=headers).raise_for_status()


def get_httpx_async(world: str, url: str, hosts: list[str], headers: dict[str, str]) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(proxy=world, follow_redirects=True) as client:
            (await propagate_httpx(client, hosts).get(url, headers=headers)).raise_for_status()

    asyncio.run(main())


def get_requests(world: str, url: str, hosts: list[str], headers: dict[str, str]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": world}
        assert propagate_requests(propagate_requests(session), hosts) is session
        assert session.get(url, headers=headers).status_code == 200


CLIENTS = pytest.mark.parametrize("get", [get_httpx, get_httpx2, get_httpx_async, get_requests])
Get = Callable[[str, str, list[str], dict[str, str]], None]


@CLIENTS
def test_a_client_tells_the_hosts_it_may_tell(seen: Captured, world: tuple[str, list[Request]], get: Get) -> None:
    url, asked = world
    with spanglass.context(user_id="u1"), spanglass.span("root") as root:
        get(url, "http://api.internal/x", ["*.internal"], {"x-own": "1"})
        get(url, "http://127.0.0.1/x", [], {})
        get(url, "http://third.example/x", ["*.internal"], {"traceparent": "own"})
    get(url, "http://127.0.0.1/x", [], {})
    told, loopback, third, outside = asked
    for request in (told, loopback):
        assert request.headers["traceparent"].split("-")[1:3] == [root.trace_id, root.span_id]
        assert "u1" in request.headers["baggage"]
    assert told.headers["x-own"] == "1"
    assert (third.headers["traceparent"], "baggage" in third.headers) == ("own", False)
    assert "traceparent" not in outside.headers


@CLIENTS
def test_a_redirect_to_a_third_party_tells_it_nothing(
    seen: Captured, world: tuple[str, list[Request]], get: Get
) -> None:
    url, asked = world
    with spanglass.context(user_id="u1"), spanglass.span("root"):
        get(url, "http://api.internal/away", ["api.internal"], {})
    first, landed = asked
    assert "baggage" in first.headers
    assert landed.path == "http://third.example/landed"
    assert "traceparent" not in landed.headers
    assert "baggage" not in landed.headers


def test_hooks_of_the_application_stay(seen: Captured, world: tuple[str, list[Request]]) -> None:
    url, asked = world
    called: list[str] = []
    hooks = {"request": [lambda request: called.append(request.method)]}
    with spanglass.span("root"), httpx.Client(event_hooks=hooks) as client:
        propagate_httpx(propagate_httpx(client))
        client.get(url)
        assert len(client.event_hooks["request"]) == 2
    assert called == ["GET"]
    assert "traceparent" in asked[0].headers


def test_a_span_of_the_same_trace_that_is_current_already_stays_so(seen: Captured) -> None:
    headers = {"traceparent": TRACEPARENT, "baggage": "user.id=u1"}
    with propagation.continued(headers), spanglass.span("server") as server:
        found = propagation.incoming(headers)
        assert trace.get_current_span(found).get_span_context().span_id == int(server.span_id, 16)
        elsewhere = propagation.incoming({"traceparent": f"00-{'a' * 32}-{SPAN}-01"})
        assert trace.get_current_span(elsewhere).get_span_context().trace_id == int("a" * 32, 16)
