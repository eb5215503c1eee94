from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spanglass_collector.journal.record import MARK_BYTES, Damaged, Found, Record, frame, scan

MARK = b"the mark"
records = st.lists(
    st.builds(
        Record, st.sampled_from("IGS"), st.fixed_dictionaries({"n": st.integers(0, 2**40)}), st.binary(max_size=60)
    ),
    max_size=6,
)


def written(told: list[Record]) -> tuple[bytes, list[int]]:
    """The bytes of a file, and where each record ends."""
    data, ends = b"", []
    for record in told:
        before, body, _ = frame(record, MARK)
        data += before + body
        ends.append(len(data))
    return data, ends


def read(data: bytes) -> tuple[list[Record], list[Damaged]]:
    found, damaged = [], []
    for each in scan(memoryview(data), MARK, data.find):
        if isinstance(each, Found):
            found.append(Record(each.record.kind, each.record.facts, bytes(each.record.body)))
            assert data[each.body_at : each.end] == found[-1].body
        else:
            damaged.append(each)
    return found, damaged


@given(records)
def test_what_was_written_is_read(told: list[Record]) -> None:
    assert len(MARK) == MARK_BYTES
    assert read(written(told)[0]) == (told, [])


@given(records, st.floats(0, 1))
def test_of_a_torn_file_every_whole_record_is_read(told: list[Record], kept: float) -> None:
    data, ends = written(told)
    size = int(kept * len(data))
    found, damaged = read(data[:size])
    whole = sum(end <= size for end in ends)
    assert found == told[:whole]
    assert damaged == ([Damaged(([0, *ends])[whole], size, is_tail=True)] if size not in {0, *ends} else [])


@given(records, st.data())
def test_damage_costs_the_records_it_lies_in_and_no_other(told: list[Record], data: st.DataObject) -> None:
    content, ends = written(told)
    start = data.draw(st.integers(0, len(content)))
    noise = data.draw(st.binary(max_size=40))[: len(content) - start]
    broken = content[:start] + noise + content[start + len(noise) :]
    found, damaged = read(broken)
    starts = [0, *ends][: len(ends)]
    untouched = [r for r, s, e in zip(told, starts, ends, strict=True) if broken[s:e] == content[s:e]]
    assert found == untouched
    assert bool(damaged) == (len(untouched) < len(told))


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    found, damaged = read(data)
    assert found == []
    assert [each.is_tail for each in damaged] == ([True] if data else [])


def test_a_body_cannot_pass_for_a_record_of_a_file_whose_mark_it_does_not_know() -> None:
    forged, _ = written([Record("S", {"group": "g"})])
    data = b"".join(part for part in frame(Record("I", {"n": 1}, forged), b"a secret")[:2])
    broken = b"\0" * 20 + data[20:]  # the head is gone, the body is whole
    assert [type(each) for each in scan(memoryview(broken), b"a secret", broken.find)] == [Damaged]
