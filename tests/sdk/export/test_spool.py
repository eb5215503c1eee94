"""Parcels on disk: whole or not there, the user's alone, bounded, and sent by one process only."""

from __future__ import annotations

import itertools
import os
import stat
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdk.export.programs import claim_all

from spanglass.export import spool as spools
from spanglass.export.parcel import Goods, Parcel
from spanglass.export.spool import Spool, Taken
from spanglass.settings import Settings

MEGABYTE = 1_000_000


def parcel(body: bytes = b"body", goods: Goods = Goods.SPANS, count: int = 3) -> Parcel:
    return Parcel(goods, body, count)


def only(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def taken(spool: Spool) -> Taken:
    found = next(filter(None, map(spool.take, spool.waiting())), None)
    assert found is not None
    return found


def abandon(claim: Taken) -> None:
    """As if whoever took it had died some minutes ago."""
    os.utime(claim.path, (0, 0))


def test_what_is_put_is_taken_as_it_was_oldest_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", MEGABYTE)
    told = [parcel(bytes([number]), goods, number) for number, goods in enumerate(itertools.chain(*[Goods] * 4))]
    assert all(map(spool.put, told))
    other = Spool(tmp_path / "spool", MEGABYTE)
    found = [other.take(name) for name in other.waiting()]
    assert [each.parcel for each in found if each] == told
    assert other.waiting() == []
    for each in found:
        assert each is not None
        other.forget(each)
    assert list((tmp_path / "spool").iterdir()) == []


@given(body=st.binary(max_size=500), count=st.integers(0, 10**6), goods=st.sampled_from(Goods))
def test_any_parcel_comes_back(body: bytes, count: int, goods: Goods) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder), MEGABYTE)
        assert spool.put(parcel(bytearray(body), goods, count))
        assert taken(spool).parcel == parcel(body, goods, count)


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        spool = Spool(tmp_path / "spool" / "here", MEGABYTE)
        spool.put(parcel())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "spool" / "here").stat().st_mode) == 0o700
    assert stat.S_IMODE(only(tmp_path / "spool" / "here").stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no owners of files")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert not spool.put(parcel())
    assert list(tmp_path.iterdir()) == []


def test_beyond_its_size_it_takes_no_more_until_there_is_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1_000)
    assert [spool.put(parcel(b"x" * 400)) for _ in range(4)] == [True, True, False, False]
    assert Spool(tmp_path, 1_000).put(parcel(b"y" * 200))  # all processes together
    assert not spool.put(parcel(b"z"))
    first = taken(spool)
    assert spool.size_bytes() == 1_000  # one that is taken is still there
    spool.forget(first)
    assert spool.put(parcel(b"z"))


def test_a_parcel_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    """A reader that looks all the time while others write never meets half of one."""
    done, sizes = threading.Event(), []
    writer, reader = Spool(tmp_path, 100 * MEGABYTE), Spool(tmp_path, MEGABYTE)

    def write() -> None:
        for _ in range(50):
            writer.put(parcel(b"x" * 300_000))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set() or reader.waiting():
        for claim in filter(None, map(reader.take, reader.waiting())):
            sizes.append(len(claim.parcel.body))
            reader.forget(claim)
    thread.join()
    assert sizes == [300_000] * 50


def test_a_disk_that_takes_nothing_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, MEGABYTE)

    def full(*_: object) -> None:
        message = "No space left on device"
        raise OSError(message)

    monkeypatch.setattr(Path, "rename", full)
    assert not spool.put(parcel())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert not Spool(tmp_path / "file" / "below", MEGABYTE).put(parcel())
    assert Spool(tmp_path / "file", MEGABYTE).waiting() == []


def test_a_claim_is_for_one(tmp_path: Path) -> None:
    one, two = Spool(tmp_path, MEGABYTE), Spool(tmp_path, MEGABYTE)
    one.put(parcel())
    (name,) = two.waiting()
    assert one.take(name) is not None
    assert two.take(name) is None
    assert two.waiting() == []


def test_what_is_put_back_can_be_taken_again(tmp_path: Path) -> None:
    one, two = Spool(tmp_path, MEGABYTE), Spool(tmp_path, MEGABYTE)
    one.put(parcel())
    names = one.waiting()
    one.put_back(taken(one))
    assert two.waiting() == names
    assert taken(two).parcel == parcel()


def test_a_claim_of_a_process_that_died_is_free_again_for_one(tmp_path: Path) -> None:
    one, two, three = (Spool(tmp_path, MEGABYTE) for _ in range(3))
    one.put(parcel())
    abandon(taken(one))
    both_see = [two.waiting(), three.waiting()]
    assert both_see[0] == both_see[1] != []
    assert [spool.take(name) is not None for spool, (name,) in zip([two, three], both_see, strict=True)] == [
        True,
        False,
    ]
    assert one.waiting() == two.waiting() == three.waiting() == []


def test_after_a_second_death_the_name_is_still_the_same(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    spool.put(parcel())
    names = spool.waiting()
    for _ in range(3):
        claim = taken(spool)
        assert claim.own
        abandon(claim)
    spool.put_back(taken(spool))
    assert spool.waiting() == names


@pytest.mark.parametrize("died", [False, True])
def test_processes_that_claim_at_once_get_each_parcel_once(tmp_path: Path, died: bool) -> None:
    spool, told = Spool(tmp_path, MEGABYTE), [str(number).encode() for number in range(300)]
    for body in told:
        spool.put(parcel(body))
    if died:
        for name in spool.waiting():
            claim = spool.take(name)
            assert claim is not None
            abandon(claim)
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(claim_all, [str(tmp_path)] * 3))
    assert sorted(body for each in found for body in each) == sorted(told)


def test_files_that_vanish_while_it_looks_do_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    spool.put(parcel(b"xx"))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")  # its size and age cannot be told
    assert len(spool.waiting()) == 1
    assert spool.size_bytes() == 2


@pytest.mark.parametrize(
    "name", ["1-a-spans-x.parcel", "1-a-cakes-1.parcel", "notes.txt", "a.parcel", ".1-a-spans-1.parcel"]
)
def test_files_of_others_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"theirs")
    spool = Spool(tmp_path, MEGABYTE)
    assert list(filter(None, map(spool.take, spool.waiting()))) == []
    assert only(tmp_path).read_bytes() == b"theirs"


def test_what_a_process_wrote_is_its_own_until_it_forks(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    spool.put(parcel())
    spool.put(parcel(), own=False)
    assert [spool.take(name).own for name in spool.waiting()] == [True, False]  # type: ignore[union-attr]
    spool.put(parcel())
    spool.disown()
    assert not taken(spool).own


def test_it_is_its_own_as_soon_as_anybody_can_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, claims, rename = Spool(tmp_path, MEGABYTE), [], Path.rename

    def taken_at_once(self: Path, target: Path) -> None:
        rename(self, target)
        if target.suffix == ".parcel":
            claims.append(taken(spool))

    monkeypatch.setattr(Path, "rename", taken_at_once)
    spool.put(parcel())
    assert [claim.own for claim in claims] == [True]


def test_each_destination_has_a_folder_and_no_name_tells_the_key(tmp_path: Path) -> None:
    there = [
        Settings(spool_dir=str(tmp_path), **told)
        for told in ({}, {"endpoint": "http://h"}, {"project": "p"}, {"api_key": "sg_1"}, {"api_key": "sg_2"})
    ]
    folders = [spools.folder(settings) for settings in there]
    assert len(set(folders)) == 5
    assert folders == [spools.folder(settings) for settings in there]
    assert "sg_" not in str(folders)


@pytest.mark.parametrize("told", ["off", "OFF", " none ", "0", "false"])
def test_it_can_be_switched_off(told: str) -> None:
    assert spools.folder(Settings(spool_dir=told)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="paths of other systems")
def test_where_it_is_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = spools.folder(Settings())
    assert found is not None
    assert found.parent == tmp_path / "state" / "spanglass" / "spool"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = spools.folder(Settings(spool_dir="~/mine"))
    assert found is not None
    assert found.parent == tmp_path / "mine"
    monkeypatch.setattr(os, "access", lambda *_: False)  # a home that cannot be written to
    found = spools.folder(Settings())
    assert found is not None
    assert found.parent == Path(tempfile.gettempdir()) / f"spanglass-spool-{os.getuid()}"


def test_what_a_death_left_half_written_is_removed_after_a_while(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    spool.put(parcel())
    for age, name in (("old", f".1-a-spans-1{spools._SUFFIX}"), ("new", f".2-b-spans-1{spools._SUFFIX}")):
        (tmp_path / name).write_bytes(b"half")
        if age == "old":
            os.utime(tmp_path / name, (0, 0))
    assert len(spool.waiting()) == 1
    assert sorted(path.name[:2] for path in tmp_path.iterdir() if path.name.startswith(".")) == [".2"]


def test_what_waits_for_a_key_is_taken_over_by_its_kin_alone(tmp_path: Path) -> None:
    wrong, other, right = (
        Spool(tmp_path / name, MEGABYTE, kin) for name, kin in (("wrong", "a"), ("other", "b"), ("right", "a"))
    )
    for spool in (wrong, other):
        spool.put(parcel())
        spool.deny()
    assert right.allow()
    assert (len(wrong.waiting()), len(other.waiting()), len(right.waiting())) == (0, 1, 1)
    assert not taken(right).own
    assert not right.allow()
    other.deny()
    assert not other.allow()  # its own folder: what is there stays there
    assert len(other.waiting()) == 1
    assert list(tmp_path.rglob(".denied*")) == []
