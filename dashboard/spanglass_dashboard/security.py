"""What stands in front of every request: a strict content policy, and a login where a password is set.

One pure ASGI layer around the whole application, so that pages, assets, metrics and the WebSocket are covered alike.
The policy matters here: what a model wrote may be a page's content, and must neither run nor call home.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "spanglass_session"
SESSION_SECONDS: Final = 7 * 86_400
LOGIN_PATH: Final = "/login"
LOGOUT_PATH: Final = "/logout"
OPEN_PATHS: Final = frozenset({LOGIN_PATH, "/_stcore/health"})
MAX_FORM_BYTES: Final = 4096
WRONG_PASSWORD_SECONDS: Final = 0.5
_ASSETS: Final = Path(__file__).with_name("assets")
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def content_security_policy(page: str) -> str:
    """The policy for ``page`` (the HTML that loads everything): own origin only, and its inline scripts by hash.

    Style attributes are allowed: the front end sets them. Everything else inline, and every other host, is not.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' {hashes}".strip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


@dataclass(frozen=True)
class Login:
    """Who may pass: bearers of a cookie signed with a key made from ``password``.

    Nothing is kept on the server: every replica with the same password accepts the cookie, and changing the password
    ends all sessions. The key is made slowly (scrypt, RFC 7914), so a stolen cookie does not give the password away.
    """

    password: str
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Make the signing key."""
        key = hashlib.scrypt(self.password.encode(), salt=b"spanglass dashboard session", n=2**14, r=8, p=1)
        object.__setattr__(self, "_key", key)

    def is_right(self, password: str) -> bool:
        """Whether ``password`` is the one; takes the same time whatever is wrong with it."""
        given, expected = (hashlib.sha256(text.encode()).digest() for text in (password, self.password))
        return hmac.compare_digest(given, expected)

    def new_cookie(self) -> str:
        """The value of a cookie that is good for SESSION_SECONDS."""
        expires = str(int(self.clock()) + SESSION_SECONDS)
        return f"{expires}.{self._signed(expires)}"

    def accepts(self, cookie: str) -> bool:
        """Whether ``cookie`` was made with this password and has not expired."""
        expires, _, signature = cookie.partition(".")
        signed = hmac.compare_digest(signature.encode(), self._signed(expires).encode())
        return signed and expires.isdecimal() and int(expires) > self.clock()

    def _signed(self, text: str) -> str:
        key: bytes = self._key  # type: ignore[attr-defined]
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Gate:
    """The ASGI layer. ``login`` None lets everybody in and only sets the headers."""

    def __init__(self, app: ASGIApp, *, policy: str, login: Login | None) -> None:
        self._app = app
        self._policy = policy
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the login's own pages, turn away who may not pass, and hand on everybody else."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "Content-Security-Policy": self._policy})
            await send(message)

        await self._http(scope, receive, send_with_headers)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._may_pass(scope):
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        if self._login is not None:
            path = scope["path"]
            if path == LOGIN_PATH:
                app = await self._login_page(self._login, Request(scope, receive))
            elif path == LOGOUT_PATH:
                app = _signed_out()
            elif path not in OPEN_PATHS and not self._may_pass(scope):
                app = _turned_away(scope)
        await app(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        return self._login is None or self._login.accepts(_cookie(scope))

    async def _login_page(self, login: Login, request: Request) -> Response:
        if request.method != "POST":
            return _form(next_path=request.query_params.get("next", "/"))
        fields = parse_qs((await _body(request)).decode("utf-8", "replace"))
        next_path = fields.get("next", ["/"])[0]
        if not login.is_right(fields.get("password", [""])[0]):
            await asyncio.sleep(WRONG_PASSWORD_SECONDS)
            return _form(next_path=next_path, wrong=True)
        response = RedirectResponse(_local(next_path), status_code=303)
        secure = "https" in {request.url.scheme, request.headers.get("x-forwarded-proto", "")}
        response.set_cookie(
            COOKIE, login.new_cookie(), max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=secure
        )
        return response


def _cookie(scope: Scope) -> str:
    header = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(header.decode("latin-1"))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return b""
    return body


def _local(path: str) -> str:
    """``path`` if it stays on this host, else the start page."""
    return path if re.fullmatch(r"/(?![/\\])[^\s\\]*", path) else "/"


def _turned_away(scope: Scope) -> Response:
    if scope["method"] != "GET":
        return Response("Sign in first.", status_code=401)
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{LOGIN_PATH}?next={quote(wanted)}", status_code=303)


def _signed_out() -> Response:
    response = RedirectResponse(LOGIN_PATH, status_code=303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


def _form(*, next_path: str, wrong: bool = False) -> Response:
    page = (_ASSETS / "login.html").read_text(encoding="utf-8")
    told = '<p class="wrong" role="alert">That is not the password.</p>' if wrong else ""
    filled = page.replace("{{logo}}", (_ASSETS / "logo.svg").read_text(encoding="utf-8"))
    filled = filled.replace("{{wrong}}", told).replace("{{next}}", html.escape(_local(next_path), quote=True))
    return HTMLResponse(filled, status_code=401 if wrong else 200, headers={"Cache-Control": "no-store"})
