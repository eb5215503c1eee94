"""A notice to one channel, through Apprise. The one door of this package to the world.

The monitor sends alerts through it and the alerts page its test notices, so that a test proves what an alert will do.
Outcomes are chosen from a few words and never hold text of the channel or of its answer: no token reaches the
database, the log or a page.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from typing import Final, Literal

import apprise

from spanglass_store.alerting.channels import webhook_url

SENT: Final = "sent"

Kind = Literal["failure", "warning", "success", "info"]
"""Apprise's names: red, orange, green and blue in the services that know colours."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A title of one line and a body of a few, in plain text."""

    title: str
    body: str
    kind: Kind


def send(channel: str, notice: Notice) -> str:
    """``sent``, or in a few words why not. Returns within about 8 s (4 to connect, 4 to answer); never raises."""
    _last.status = ""
    try:
        service = apprise.Apprise.instantiate(webhook_url(channel), asset=_ASSET)
        if not isinstance(service, apprise.NotifyBase):
            return "not a channel URL"
        delivered = service.notify(
            body=notice.body,
            title=notice.title,
            notify_type=apprise.NotifyType(notice.kind),
            body_format=apprise.NotifyFormat.TEXT,
        )
    except Exception as error:  # noqa: BLE001 - a plug-in of a hundred; whatever it does, the other channels go on
        return type(error).__name__
    if delivered:
        return SENT
    return f"HTTP {_last.status}" if _last.status else "not reachable"


_ASSET: Final = apprise.AppriseAsset(
    app_id="spanglass", app_desc="spanglass", app_url="", async_mode=False, storage_mode="memory"
)
_last: Final = threading.local()


class _StatusCode(logging.Handler):
    """Apprise tells why a service refused only in its log: keep the HTTP status, drop the rest."""

    def emit(self, record: logging.LogRecord) -> None:
        if found := re.search(r"\berror=(\d{3})\b", record.getMessage()):
            _last.status = found[1]


_log: Final = logging.getLogger("apprise")
_log.propagate = False  # it logs whole channel URLs, and those hold secrets
_log.addHandler(_StatusCode(logging.WARNING))
