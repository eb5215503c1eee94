"""Modules that are waited for: told once they have run, and imported as if nobody waited."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

import spanglass
from spanglass import after_import


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to import from; what is imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    waiting = {name: list(acts) for name, acts in after_import._WAITING.items()}
    yield tmp_path
    after_import._WAITING.clear()
    after_import._WAITING.update(waiting)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    importlib.invalidate_caches()


def test_it_is_told_when_the_module_has_run(place: Path) -> None:
    write(place, "late_one.py", "import sys\nanswer = 42")
    told: list[int] = []
    after_import.after_import("late_one", lambda: told.append(sys.modules["late_one"].answer))
    assert not told
    importlib.import_module("late_one")
    importlib.import_module("late_one")
    assert told == [42]


def test_a_module_that_is_there_is_told_at_once() -> None:
    told: list[str] = []
    after_import.after_import("json", lambda: told.append("now"))
    assert told == ["now"]


def test_packages_keep_their_files_and_their_source(place: Path) -> None:
    write(place, "late_package/__init__.py", "from late_package.inner import answer")
    write(place, "late_package/inner.py", "answer = 42")
    write(place, "late_package/note.txt", "hello")
    told: list[str] = []
    for name in ("late_package", "late_package.inner"):
        after_import.after_import(name, lambda name=name: told.append(name))
    package = importlib.import_module("late_package")
    assert told == ["late_package.inner", "late_package"]
    assert resources.files(package).joinpath("note.txt").read_text() == "hello"
    assert package.__loader__.get_source("late_package").startswith("from late_package")
    assert "exec_module" not in vars(package.__loader__)


def test_what_is_zipped_is_told_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(place / "packed.zip", "w") as packed:
        packed.writestr("zipped_one.py", "import zipped_two")
        packed.writestr("zipped_two.py", "")
    monkeypatch.syspath_prepend(place / "packed.zip")
    told: list[str] = []
    for name in ("zipped_one", "zipped_two"):
        after_import.after_import(name, lambda name=name: told.append(name))
    importlib.import_module("zipped_one")
    assert told == ["zipped_two", "zipped_one"]


def test_an_import_that_fails_is_waited_for_again(place: Path) -> None:
    write(place, "broken_one.py", "1 / 0")
    told: list[str] = []
    after_import.after_import("broken_one", lambda: told.append("it ran"))
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("broken_one")
    assert not told
    write(place, "broken_one.py", "repaired = True")
    importlib.import_module("broken_one")
    assert told == ["it ran"]


def test_looking_for_a_module_is_not_importing_it(place: Path) -> None:
    write(place, "only_found.py", "")
    told: list[str] = []
    after_import.after_import("only_found", lambda: told.append("it ran"))
    assert importlib.util.find_spec("only_found") is not None
    assert not told
    importlib.import_module("only_found")
    assert told == ["it ran"]


def test_a_failure_of_ours_does_not_fail_the_import(place: Path, forgiving: None) -> None:
    write(place, "fine.py", "answer = 42")
    after_import.after_import("fine", lambda: 1 / 0)
    assert importlib.import_module("fine").answer == 42
    assert spanglass.stats().errors == 1


def test_a_module_that_does_not_exist_is_missing_as_ever() -> None:
    stop = after_import.after_import("no_such_module", lambda: None)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        importlib.import_module("no_such_module")
    stop()


def test_waiting_may_stop(place: Path) -> None:
    write(place, "stopped.py", "")
    told: list[str] = []
    stop = after_import.after_import("stopped", lambda: told.append("first"))
    after_import.after_import("stopped", lambda: told.append("second"))
    stop()
    stop()
    importlib.import_module("stopped")
    stop()
    assert told == ["second"]


def test_what_is_installed_is_known_without_importing_it(place: Path) -> None:
    write(place, "outer/__init__.py", "raise RuntimeError")
    write(place, "outer/inner/__init__.py", "raise RuntimeError")
    write(place, "outer/folder/note.txt", "no code")
    write(place, "alone.py", "raise RuntimeError")
    assert after_import.is_installed("outer")
    assert after_import.is_installed("outer.inner")
    assert not after_import.is_installed("outer.folder")
    assert not after_import.is_installed("outer.nothing")
    assert not after_import.is_installed("alone.inner")
    assert not after_import.is_installed("nothing")
    assert not after_import.is_installed("nothing.inner")
    assert after_import.is_installed("json.decoder")
    assert "outer" not in sys.modules
