from __future__ import annotations

from spanglass_store.limits import Limits, allowed, within


def test_the_smaller_limit_holds_and_0_is_none() -> None:
    server = [("max_execution_time", "60", None), ("max_memory_usage", "0", "1000"), ("max_result_rows", "7.5", "0")]
    assert allowed(server) == {"max_execution_time": 60, "max_memory_usage": 1000, "max_result_rows": 7.5}
    asked = Limits(seconds=30.5, read_bytes=5, memory_bytes=2000, result_rows=0)
    assert within(asked, allowed(server)) == {
        "max_execution_time": 30.5,
        "max_bytes_to_read": 5,
        "max_memory_usage": 1000,
        "max_result_rows": 7.5,
    }


def test_bytes_are_whole_numbers() -> None:
    assert isinstance(within(Limits(memory_bytes=2000), {"max_memory_usage": 1000.0})["max_memory_usage"], int)
