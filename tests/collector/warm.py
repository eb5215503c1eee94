"""What a collector loads when it starts, loaded: for the process that others are forked from (``forked``)."""

from __future__ import annotations

import genai_prices.data
import pydantic.v1
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
import uvicorn.protocols.http.httptools_impl

import spanglass_collector.app
from spanglass_collector.prices import GenaiPrices

LOADED = (genai_prices.data, pydantic.v1, uvicorn, spanglass_collector.app)
GenaiPrices()
