"""What Python prints of an object, back to values: some libraries record a value that is no JSON by its ``repr``. Pure.

``Reply(role=<Role.TOOL: 'tool'>, parts=[Text(text='x')])`` becomes a dictionary of its arguments, the class under
``CLASS``. Nothing is run: the text is parsed, and read where it is literal.
"""

from __future__ import annotations

import ast
import re
from typing import Any, Final

CLASS: Final = "repr.class"
"""Key of the name of the class."""
MAX_CHARACTERS: Final = 200_000
"""Longer texts are not parsed: a syntax tree takes many times the memory of its text."""
_PIECE: Final = re.compile(
    r"""
      (?P<text> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" )
    | <[\w.]+:\s (?P<enum> '[^'\n]*' | "[^"\n]*" | -?\d+ ) >
    | (?P<other> <[^<>'"\n]*> )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Texts, which stay as they are; ``<Role.TOOL: 'tool'>``; and ``<object at 0x7f…>``, which says nothing."""


def from_repr(text: str) -> Any:
    """The value that a text was printed of; None where it cannot be read back."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        return _value(ast.parse(_PIECE.sub(_literal, text), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _literal(piece: re.Match[str]) -> str:
    return piece["text"] or piece["enum"] or "None"


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple() | ast.Set():
            return [_value(item) for item in node.elts]
        case ast.Dict():
            return {_value(key): _value(item) for key, item in zip(node.keys, node.values, strict=True) if key}
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return {CLASS: name} | {each.arg: _value(each.value) for each in node.keywords if each.arg}
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand)
    msg = f"{type(node).__name__} is nothing that can be read back"
    raise ValueError(msg)
