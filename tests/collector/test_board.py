from __future__ import annotations

from pathlib import Path

from spanglass_collector.board import FILE, Board, Notice, notices

LONG = Notice({"spans": dict.fromkeys(("received", "stored"), 10**9), "scores": {"received": 1}}, 5, 7, 9, 10**18)
SHORT = Notice({}, 0, 0, 0)


def written(root: Path, name: str, *told: Notice) -> Path:
    folder = root / name
    folder.mkdir()
    board = Board.open(folder)
    for notice in told:
        board.write(notice)
    board.close()
    return folder


def test_the_last_thing_written_is_read(tmp_path: Path) -> None:
    written(tmp_path, "0", LONG, SHORT)
    written(tmp_path, "1", SHORT, LONG)
    (tmp_path / "2").mkdir()
    assert list(notices(tmp_path)) == [SHORT, LONG]


def test_one_s_own_can_be_left_out(tmp_path: Path) -> None:
    own = written(tmp_path, "0", LONG)
    written(tmp_path, "1", SHORT)
    assert list(notices(tmp_path, leave_out=own)) == [SHORT]


def test_one_that_was_half_written_when_its_process_died_says_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path, "0", LONG)
    content = (folder / FILE).read_bytes()
    for broken in (content[:-1], b"", content[:30] + b"?" + content[31:]):
        (folder / FILE).write_bytes(broken)
        assert list(notices(tmp_path)) == []
