"""What is installed and can be recorded, and by whom: clients by ourselves, frameworks by instrumentations of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from typing import Final, NamedTuple

from spanglass.after_import import is_installed
from spanglass.clients import PROVIDERS, provider_of
from spanglass.frameworks import FRAMEWORKS, OWN, Undo, installed_version, instrumentors, is_on, turn_on

PROVIDER_NAMES: Final = {"botocore": "bedrock", "google.genai": "google-genai"}
"""Packages whose clients are known by another name, to people and to other instrumentations."""

_ALIASES: Final = {"boto3": "bedrock", "google": "google-genai", "mistral": "mistralai", **PROVIDER_NAMES}


class Recordable(NamedTuple):
    """An installed package and how it can be recorded."""

    name: str
    module: str  # whose import it waits for
    told: str  # who records it, or what to do about it that nobody can
    turn_on: Callable[[], Undo | None] | None  # to be called when the module is there; None: nobody can


def known_name(name: str) -> str:
    """A name in the spelling of ``Recordable.name``, which may be unknown all the same."""
    plain = name.lower().replace("_", "-")
    return _ALIASES.get(plain, plain)


def recordables() -> Iterator[Recordable]:
    """What is installed, clients first. Nothing is imported for it."""
    installed = instrumentors()
    for package in filter(is_installed, PROVIDERS):
        name = PROVIDER_NAMES.get(package, package)
        told = "; ".join(["spanglass", *_beside(name, installed)])
        yield Recordable(name, package, told, partial(_patch, package))
    for each in FRAMEWORKS:
        if installed_version(each.package) is None:
            continue
        by = next((known for known in each.instrumentations if known in installed), None)
        if each.name in OWN:
            yield Recordable(each.name, each.module, "by itself", OWN[each.name])
        elif by is None:
            yield Recordable(each.name, each.module, f"pip install {each.instrumentations[0]}", None)
        else:
            told = f"{by} {installed_version(by)}"
            yield Recordable(each.name, each.module, told, partial(turn_on, by, installed[by]))


def _beside(name: str, installed: Mapping[str, EntryPoint]) -> Iterator[str]:
    """What is to be said of the instrumentations that others have written for a client of ours."""
    others = re.compile(rf"(openinference|opentelemetry)-instrumentation-{name}(-v2)?")
    for distribution in filter(others.fullmatch, installed):
        yield f"{distribution} {'is on as well' if is_on(installed[distribution]) else 'stays off'}"


def _patch(package: str) -> Undo:
    from spanglass.clients.calls import is_patched, patch_classes  # noqa: PLC0415  wanted once a client is imported

    provider = provider_of(package)
    undo = patch_classes(provider)
    if not is_patched(provider):
        message = f"nothing that is known was found in this version of {package}"
        raise LookupError(message)
    return undo
