"""How the collector does, for the dashboard's page: everything in one answer; and what is set aside, for admins."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.folders import aside_in
from spanglass_collector.history import LOOK_SECONDS
from spanglass_collector.journal.set_aside import heading
from spanglass_collector.receive.http import headers_of
from spanglass_collector.services import Services

MOST_LISTED: Final = 200


def status_routes(services: Services) -> APIRouter:
    """``/api/v1/status`` says nothing of what was observed and is open; what is set aside may hold parts of it."""
    routes = APIRouter(tags=["health"])

    @routes.get("/api/v1/status")
    async def status() -> Response:
        """Problems, ledger by table, queue, counters since the start, and the last hour in looks ten seconds apart."""
        problems, notice = await services.problems(), await services.notice()
        now_ns = services.clock()
        return Json(
            {
                "at_ns": str(now_ns),
                "collector": services.queue.identity,
                "ready": not problems,
                "problems": problems,
                "ledger": notice.ledger,
                "queue": {
                    "rows": notice.rows,
                    "bytes": notice.size,
                    "max_bytes": services.max_queue_bytes,
                    "file_bytes": notice.file_bytes,
                    "oldest_seconds": notice.oldest_seconds(now_ns),
                },
                "counters": [asdict(count) for count in services.metrics.counts()],
                "look_seconds": LOOK_SECONDS,
                "history": [{**asdict(look), "at_ns": str(look.at_ns)} for look in services.history.looks],
            }
        )

    @routes.get("/api/v1/set_aside")
    async def set_aside(request: Request) -> Response:
        """What the database refused for good, newest first, at most 200: how many there are, and each with its reason."""
        await services.gate.project_of(headers_of(request.scope), "admin")
        return Json(await asyncio.to_thread(_listed, services))

    return routes


def _listed(services: Services) -> dict[str, Any]:
    found = aside_in(services.folders.root)
    newest = sorted(found, key=lambda item_id: _written_ns(found[item_id]), reverse=True)
    items = [(item_id, heading(found[item_id])) for item_id in newest[:MOST_LISTED]]
    return {
        "count": len(found),
        "items": [
            {
                "id": item_id,
                "table": each.table,
                "rows": each.rows,
                "bytes": each.size_bytes,
                "at_ns": str(each.at_ns),
                "reason": each.reason,
            }
            for item_id, each in items
            if each is not None
        ],
    }


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # put back a moment ago
