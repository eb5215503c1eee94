"""The routes that are not OTLP: health, ledger, reading, scores. Every read runs in a thread."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import ORJSONResponse, PlainTextResponse

from spanglass_collector.api.documents import Document, plain, trace_document
from spanglass_collector.api.query_body import QueryBody, TracesQuery
from spanglass_collector.api.scores_body import ScoreBody, scores_from_body
from spanglass_collector.errors import CollectorError, Rejected
from spanglass_collector.ledger import COUNTERS
from spanglass_collector.receive.auth import Headers
from spanglass_collector.receive.body import decompressed, read_body
from spanglass_collector.services import Services
from spanglass_store import measures
from spanglass_store.keys import Scope
from spanglass_store.queries import trace as trace_queries
from spanglass_store.queries import traces as traces_queries
from spanglass_store.query import Query
from spanglass_store.rows import span_from_row
from spanglass_store.scores import block_from_scores, score_from_row
