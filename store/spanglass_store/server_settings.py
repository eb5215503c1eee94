"""What every statement is sent with, besides its limits (``limits``). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ONE_REPLICA: Final[Mapping[str, Any]] = {
    "load_balancing": "in_order",
    "prefer_localhost_replica": 0,
    "distributed_replica_max_ignored_errors": 1000,
}
"""On a cluster: whoever asks, and whichever server, the first replica of a shard answers, as long as it can."""

QUERY_SETTINGS: Final[Mapping[str, Any]] = {
    "timeout_before_checking_execution_speed": 0,
    "use_top_k_dynamic_filtering": 0,  # newest-first text search: 24 times the CPU with it on (docs/adr/004)
    "use_skip_indexes_on_data_read": 0,  # block by block: twice the CPU where a list reads in order and finds little
    "optimize_use_projections": 0,  # on for those they are made for (``days_and_hours``, ``query.SCORES_OF_TRACES``)
    "distributed_product_mode": "local",  # on a cluster: a trace and all that belongs to it are on one shard
}
INSERT_SETTINGS: Final[Mapping[str, Any]] = {
    "async_insert": 0,  # an answer means written
    "insert_deduplicate": 1,
    "input_format_skip_unknown_fields": 0,  # rows of another shape are an error, never rows of defaults
    "max_partitions_per_insert_block": 0,  # late spans of many days may travel together
    "throw_on_max_partitions_per_insert_block": 0,
    "distributed_foreground_insert": 1,  # on a cluster too an answer means written, on every shard
    **ONE_REPLICA,
}


def of_insert(token: str, timeout_seconds: float | None) -> dict[str, Any]:
    """Settings of an insert that is stored once for all that have its ``token``."""
    limit = {} if timeout_seconds is None else {"max_execution_time": timeout_seconds}
    return {**INSERT_SETTINGS, **limit, "insert_deduplication_token": token}
