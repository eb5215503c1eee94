"""YAML that somebody wrote, and in which line each of its values stands. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

Path = tuple[str | int, ...]
"""Keys and positions from the top of a document to a value of it."""

MAX_DEPTH: Final = 8


class YamlRefused(Exception):
    """The text is no YAML, or says something twice; ``line`` says where, 0 that nobody knows."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True)
class Lines:
    """The line, counted from 1, of each value of a document."""

    known: Mapping[Path, int]

    def of(self, path: Path) -> int:
        """The line of the value at ``path``, or of the nearest above it that is there; 0 for an empty document."""
        return next((self.known[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.known), 0)


def yaml_with_lines(text: str) -> tuple[Any, Lines]:
    """The document of ``text`` (plain values only; no tags of Python) and its lines. Raises YamlRefused."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, Lines({})
        lines = dict(_lines(node, ()))
        return loader.construct_document(node), Lines(lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        msg = f"This is no YAML: {error.problem}."
        raise YamlRefused(msg, line) from error
    except (yaml.YAMLError, ValueError) as error:
        msg = f"This is no YAML: {error}."
        raise YamlRefused(msg, 0) from error
    finally:
        loader.dispose()


def _lines(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if len(path) >= MAX_DEPTH:
        return
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _lines(item, (*path, place))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                msg = f"{name} stands here a second time."
                raise YamlRefused(msg, key.start_mark.line + 1)
            seen.add(name)
            yield from _lines(value, (*path, name))
