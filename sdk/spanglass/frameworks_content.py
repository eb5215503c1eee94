"""What is left of a framework's span while content is not captured: its figures, and what the application said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spanglass import semconv
from spanglass.mask import Mask
from spanglass.nesting import SCOPES

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_KEPT: Final = ("exception.", semconv.METADATA_PREFIX, semconv.TAGS, semconv.USER_ID)


def is_a_frameworks(ended: ReadableSpan) -> bool:
    """Whether an instrumentation that we have turned on made this span: our settings hold for it."""
    scope = ended.instrumentation_scope
    return scope is not None and scope.name in SCOPES


def without_content() -> Mask:
    """A mask that leaves all content out; errors are told as they are of our own spans."""
    return Mask((), None, lambda name, value: value if name.startswith(_KEPT) else None)
