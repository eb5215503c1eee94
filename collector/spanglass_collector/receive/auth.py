"""Whose request is it? A key belongs to a project and has a scope; without one, only this machine may speak."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from spanglass.semconv import DEFAULT_PROJECT, PROJECT_HEADER
from spanglass_collector.errors import Busy, Forbidden, Rejected, Unauthenticated
from spanglass_store.errors import StoreError
from spanglass_store.keys import KEY_PREFIX, ApiKey, Scope, hash_key

log = logging.getLogger(__name__)

Headers = Mapping[str, str]
LoadKeys = Callable[[], Iterable[ApiKey]]
"""Fetch every key, revoked ones too. Blocks; raises StoreError."""

PROJECT_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
ASK_AGAIN_SECONDS: Final = 2.0
"""How soon an unknown key may send us to the database again: a new key works at once, a flood of bad ones costs little."""


class Keyring:
    """The keys as last read from the database, by their hash."""

    def __init__(self, load: LoadKeys, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._monotonic = monotonic
        self._by_hash: Mapping[str, ApiKey] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._known = False

    async def find(self, text: str) -> ApiKey | None:
        """The key with this text; None for one that is not known, or was revoked.

        A key is looked up by its SHA-256, so the time it takes says nothing about how near a guess was.
        Raises Busy while no key has ever been read: nobody can say yet.
        """
        hashed = hash_key(text)
        if hashed not in self._by_hash and self._monotonic() - self._read_at >= ASK_AGAIN_SECONDS:
            await self.refresh(unless_newer_than=self._monotonic() - ASK_AGAIN_SECONDS)
        if not self._known:
            msg = "The API keys cannot be read yet."
            raise Busy(msg, retry_after_seconds=2)
        key = self._by_hash.get(hashed)
        return None if key is None or key.revoked_at_ns is not None else key

    async def refresh(self, *, unless_newer_than: float = float("inf")) -> None:
        """Read the keys again. Where the database is away, those last read stay good."""
        async with self._reading:
            if self._read_at > unless_newer_than:
                return
            try:
                keys = await asyncio.to_thread(lambda: list(self._load()))
            except StoreError as error:
                log.warning("the API keys cannot be read: %s", error)
            else:
                self._by_hash = {key.key_hash: key for key in keys}
                self._known = True
            self._read_at = self._monotonic()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in. ``sender`` is whom limits are counted for: the key, or without one the project."""

    project: str
    sender: str


class Gate:
    """Lets a request in, or says why not."""

    def __init__(
        self, keyring: Keyring, *, keys_required: bool, local_names: Callable[[str], bool] | None = None
    ) -> None:
        """``local_names``: says which hosts a request without a key may have asked for; None: any.

        A collector that only this machine can reach may still be asked by a web page in this machine's browser, once the
        page's own host name leads here (DNS rebinding). Its requests carry that name.
        """
        self._keyring = keyring
        self._keys_required = keys_required
        self._local_names = local_names

    async def project_of(self, headers: Headers, scope: Scope) -> str:
        """The project a request speaks for, if it may do what ``scope`` names; see ``visitor``."""
        return (await self.visitor(headers, scope)).project

    async def visitor(self, headers: Headers, scope: Scope) -> Visitor:
        """Who a request speaks for, if it may do what ``scope`` names. ``headers`` have lower-case names.

        Raises Unauthenticated, Forbidden, Rejected (a project name that is none) or Busy (keys not read yet).
        """
        text = key_in(headers)
        if text.startswith(KEY_PREFIX):
            key = await self._keyring.find(text)
            if key is not None:
                if key.scope not in {scope, "admin"}:
                    msg = f"This key has the scope {key.scope!r}; {scope!r} is needed here."
                    raise Forbidden(msg)
                return Visitor(key.project, key.key_id)
        if self._keys_required:
            msg = "The API key is not known." if text else "An API key is needed: Authorization: Bearer sg_…"
            raise Unauthenticated(msg)
        if self._local_names and not self._local_names(host_in(headers)):
            msg = (
                "Without a key only this machine may ask, by the name localhost or its address. "
                "Set SPANGLASS_REQUIRE_KEYS=true to be asked by other names, with a key."
            )
            raise Forbidden(msg)
        project = headers.get(PROJECT_HEADER, "") or DEFAULT_PROJECT
        if not PROJECT_NAME.fullmatch(project):
            msg = f"{PROJECT_HEADER} takes 1 to 64 letters, digits, dots, dashes and underscores."
            raise Rejected(msg)
        return Visitor(project, f"project {project}")


def host_in(headers: Headers) -> str:
    """The host that a request asks for, without its port; ``localhost`` where none is named, as in gRPC's metadata."""
    host, _, port = headers.get("host", "localhost").rpartition(":")
    return (host if port.isdigit() else f"{host}:{port}" if host else port).strip("[]").lower()


def key_in(headers: Headers) -> str:
    """The key a client sent: ``Authorization: Bearer``, ``x-api-key``, or the password of ``Authorization: Basic``
    (as Langfuse SDKs send their secret key). Empty if there is none.
    """
    kind, _, rest = headers.get("authorization", "").partition(" ")
    match kind.lower():
        case "bearer":
            return rest.strip()
        case "basic":
            try:
                return base64.b64decode(rest, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return ""
    return headers.get("x-api-key", "").strip()
