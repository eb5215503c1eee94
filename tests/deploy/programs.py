"""What a deployment file may say of our own programs: commands, their options, variables, health checks."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

import typer.main

from spanglass_cli.main import app
from spanglass_collector.settings import Settings as CollectorSettings
from spanglass_dashboard.settings import Settings as DashboardSettings
from spanglass_monitor.settings import Settings as MonitorSettings

SETTINGS: dict[str, Any] = {
    "collector": CollectorSettings,
    "dashboard": DashboardSettings,
    "monitor": MonitorSettings,
}
ROLES = ("migrate", *SETTINGS)


def variables_of(role: str) -> set[str]:
    """Variables that `spanglass ROLE` reads: of its settings, and of its options."""
    command = typer.main.get_command(app).commands[role]  # type: ignore[attr-defined]
    of_options = {option.envvar for option in command.params if option.envvar}
    settings = SETTINGS.get(role)
    return of_options | ({f"SPANGLASS_{name.upper()}" for name in settings.model_fields} if settings else set())


def check_command(arguments: Sequence[str]) -> None:
    """Raise click's UsageError where the command line would."""
    group = typer.main.get_command(app)
    name, *rest = arguments
    command = group.commands[name]  # type: ignore[attr-defined]
    command.make_context(name, list(rest), resilient_parsing=False).close()


def check_variables(role: str, names: Iterable[str]) -> None:
    """Every variable of ours that is given is one that the role reads."""
    assert {name for name in names if name.startswith("SPANGLASS_")} - variables_of(role) == set()


def check_health(command: Sequence[str]) -> None:
    """A health check by our own module: it is there."""
    assert list(command[:2]) == ["python", "-m"]
    assert importlib.util.find_spec(command[2]) is not None
