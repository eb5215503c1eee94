"""Celery tasks: below the span that sent them, with its facts. By Celery's signals, in every application of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery import signals

from spanglass import current, runtime
from spanglass.guard import guarded
from spanglass.propagation import incoming as context_of
from spanglass.propagation import inject, w3c

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from contextvars import Token

    from opentelemetry.context import Context

_UNDER_WAY: Final[dict[str, Token[Context]]] = {}


def connect() -> None:
    """Have every task tell its worker where it was sent from. Called once where the application is made.

    That is a module which both sides import: those that send tasks, and the workers. A worker process sends its spans
    before it ends.
    """
    for signal, act in _SIGNALS:
        signal.connect(act)


def disconnect() -> None:
    """Undo ``connect``."""
    for signal, act in _SIGNALS:
        signal.disconnect(act)


def _sent(headers: MutableMapping[str, Any] | None = None, **_more: Any) -> None:
    if headers is not None:
        inject(headers)


def _begins(task_id: str = "", task: Any = None, **_more: Any) -> None:
    with guarded("propagation.celery"):
        told = [(field, getattr(task.request, field, None)) for field in w3c.FIELDS]
        if any(value for _, value in told):
            _UNDER_WAY[task_id] = current.attach(context_of(told))


def _ended(task_id: str = "", **_more: Any) -> None:
    current.leave(_UNDER_WAY.pop(task_id, None))


def _worker_ends(**_more: Any) -> None:
    settings = runtime.STATE.settings
    if settings is not None:
        runtime.flush(settings.exit_timeout_seconds)


_SIGNALS: Final[tuple[tuple[Any, Callable[..., None]], ...]] = (
    (signals.before_task_publish, _sent),
    (signals.task_prerun, _begins),
    (signals.task_postrun, _ended),
    (signals.worker_process_shutdown, _worker_ends),
)
