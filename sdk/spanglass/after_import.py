"""Do something to a module when the application imports it.

An application that may use a heavy package but does not import it shall not pay for it, so nothing here imports
anything. A module is waited for by an entry of ``sys.meta_path`` that finds nothing itself: it has the others find the
module, and its loader tell when the module has run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, Final

from spanglass.guard import guarded

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_WAITING: Final[dict[str, list[Callable[[], None]]]] = {}


def after_import(name: str, act: Callable[[], None]) -> Callable[[], None]:
    """Call ``act`` once the module ``name`` has been imported for the first time; now when it has been.

    What ``act`` raises now is the caller's business; later it is swallowed and logged. What comes back stops waiting.
    """
    acts: list[Callable[[], None]] = []
    if name in sys.modules:
        act()
    else:
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)
        acts = _WAITING.setdefault(name, acts)
        acts.append(act)

    def stop() -> None:
        with suppress(ValueError):
            acts.remove(act)

    return stop


def is_installed(name: str) -> bool:
    """Whether a module ``one`` or ``one.two`` could be imported. Neither it nor the package around it is."""
    if name in sys.modules:
        return True
    top, _, inner = name.partition(".")
    spec = _find(top, None, None)
    if spec is None or not inner:
        return spec is not None
    with suppress(KeyError):  # a bare folder, whose parent Python wants to see imported: no package
        return PathFinder.find_spec(name, spec.submodule_search_locations or ()) is not None
    return False


class _Finder:
    """Finds what is waited for, with the help of the finders after it. Its base class would import a lot."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the others find, its loader prepared; ``None`` for modules nobody waits for."""
        if fullname not in _WAITING:
            return None
        spec = _find(fullname, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            with guarded("after_import"):
                _prepare(spec.loader, fullname)
        return spec


_FINDER: Final = _Finder()


def _find(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is not _FINDER and (spec := finder.find_spec(name, path, target)) is not None:
            return spec
    return None


def _prepare(loader: Any, name: str) -> None:
    """Have this loader tell when it has run the module; it is back in its own order before that runs."""
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        vars(loader).pop("exec_module", None)
        run(module)
        if module.__name__ == name:
            for act in _WAITING.pop(name, ()):
                with guarded(f"after_import.{name}"):
                    act()

    loader.exec_module = exec_module
