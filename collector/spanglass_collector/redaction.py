"""What must not be kept, blotted out of a request before anything else looks at it and before anything is on disk.

The rules are those of the SDK's masking, which applies them before data leave the application: here they hold for
whatever any library sends. They fail closed: an attribute on which a rule fails loses its value, the span stays.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from spanglass import semconv
from spanglass.mask import Mask
from spanglass_collector.errors import RulesRefused
from spanglass_collector.metrics import Metrics
from spanglass_collector.redaction_engines import time_for
from spanglass_collector.redaction_rules import Rule, RuleSet, read_rules

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""How often the file is looked at for a change."""
REQUEST_SECONDS: Final = 2.0
"""For all expressions of people on all texts of one request; what is not done by then is dropped."""
DROPPED: Final = "[masked:failed]"


class Redactor:
    """What the rules of a project do to one request. Not for use by several threads at once."""

    __slots__ = ("_left_seconds", "_mask")

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._left_seconds = REQUEST_SECONDS

    def __call__(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """A copy without what the rules find. Never raises: where a rule fails, a mark stands for the whole value."""
        began = time.monotonic()
        try:
            with time_for(self._left_seconds):
                told, failed = self._mask.attributes(attributes)
                return self._one_by_one(attributes) if failed else told
        finally:
            self._left_seconds -= time.monotonic() - began

    def text(self, text: str) -> str:
        """The same for a text without a name, such as the message of a status."""
        return str(self({_MESSAGE: text}).get(_MESSAGE, "")) if text else text

    def _one_by_one(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in attributes.items():
            told, failed = self._mask.attributes({name: value})
            kept[name] = DROPPED if failed and name not in told else told.get(name)
        return {**kept, semconv.CONTENT_DROPPED: True}


_MESSAGE: Final = "exception.message"  # whose text the message of a status repeats


class Redaction:
    """The rules as last read from their file; read again when it changes."""

    def __init__(self, path: Path, metrics: Metrics, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Raises RulesRefused for a file that cannot be used."""
        self._path = path
        self._metrics = metrics
        self._monotonic = monotonic
        self._looked_at = monotonic()
        self._seen = self._state()
        self._rules = self._read()
        self._masks: dict[str, Mask | None] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order of the file."""
        return self._rules.rules

    def redactor_of(self, project: str) -> Redactor | None:
        """What to apply to one request of this project; None where no rule holds for it."""
        if self._monotonic() - self._looked_at >= LOOK_SECONDS:
            self._look()
        if project not in self._masks:
            if len(self._masks) >= MAX_PROJECTS:
                self._masks = {}
            self._masks[project] = self._rules.mask_of(project)
        mask = self._masks[project]
        return None if mask is None else Redactor(mask)

    def _look(self) -> None:
        """Read a file that changed. One that cannot be used leaves the rules as they were, and is told in the log."""
        self._looked_at = self._monotonic()
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._rules = self._read()
        except RulesRefused as error:
            log.error("the redaction rules stay as they were: %s", error)  # noqa: TRY400  the sentence says it all
            return
        self._masks = {}
        log.info("redaction rules read from %s", self._path)

    def _read(self) -> RuleSet:
        return read_rules(self._path, lambda rule: self._metrics.add("spanglass_redaction_failures_total", rule=rule))

    def _state(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return found.st_mtime_ns, found.st_size, found.st_ino


MAX_PROJECTS: Final = 10_000
