"""The dashboard's door to collectors: their own API, asked with a deadline. Nothing of it is stored anywhere."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Final, TypeVar

import streamlit as st
from pydantic import BaseModel

from spanglass_dashboard import settings
from spanglass_dashboard.collector_state import AsideList, Status

T = TypeVar("T", bound=BaseModel)

DEADLINE_SECONDS: Final = 4.0
RECENT_SECONDS: Final = 2
MOST_BYTES: Final = 8 * 1024 * 1024

_direct: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on our own network


class CollectorError(Exception):
    """The collector did not answer as one should; the message is a sentence for a person."""


class KeyNeeded(CollectorError):
    """It wants a key that may ask this."""


def addresses() -> list[str]:
    """Where collectors are asked, at least one."""
    told = settings.current()
    asked = (told.collector_api_url or told.collector_url).split(",")
    return [address.strip().rstrip("/") for address in asked if address.strip()]


def status(address: str) -> Status:
    """How the collector at this address does, at most RECENT_SECONDS old. Raises CollectorError."""
    return _status(address)


def set_aside(address: str) -> AsideList:
    """What is set aside there. Raises KeyNeeded, CollectorError."""
    return _set_aside(address)


@st.cache_data(show_spinner=False, ttl=RECENT_SECONDS, max_entries=20)
def _status(address: str) -> Status:
    return _read(Status, address, "/api/v1/status")


@st.cache_data(show_spinner=False, ttl=RECENT_SECONDS, max_entries=20)
def _set_aside(address: str) -> AsideList:
    return _read(AsideList, address, "/api/v1/set_aside")


def _read(kind: type[T], address: str, path: str) -> T:
    try:
        return kind.model_validate(json.loads(_get(address, path)))
    except ValueError as error:
        msg = f"What answers at {address} is no collector of this version."
        raise CollectorError(msg) from error


def _get(address: str, path: str) -> bytes:
    if not address.startswith(("http://", "https://")):
        msg = f"{address} is no address: it should begin with http:// or https://."
        raise CollectorError(msg)
    headers = {"Accept": "application/json"}
    if key := settings.current().collector_api_key:
        headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    request = urllib.request.Request(address + path, headers=headers)  # noqa: S310  (checked above)
    try:
        with _direct.open(request, timeout=DEADLINE_SECONDS) as answer:
            content: bytes = answer.read(MOST_BYTES)
            return content
    except urllib.error.HTTPError as error:
        if error.code in {401, 403}:
            msg = "The collector wants an API key with the scope admin for this."
            raise KeyNeeded(msg) from error
        msg = f"What answers at {address} is no collector of this version."
        raise CollectorError(msg) from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        msg = f"No collector answers at {address}: {getattr(reason, 'strerror', None) or reason}."
        raise CollectorError(msg) from error
