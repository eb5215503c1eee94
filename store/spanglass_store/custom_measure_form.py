"""What a file of custom measures may say: its form, and the tables of what can be counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from spanglass_store.aggregates import CALL, WEIGHT
from spanglass_store.columns import COLUMNS
from spanglass_store.measures import BUILT_IN, Better, Unit
from spanglass_store.query import FIELDS

COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "spans": f"sumIf({WEIGHT}, {{0}})",
        "calls": f"sumIf({WEIGHT}, {CALL} AND {{0}})",
        "traces": f"ifNotFinite(uniqIf(trace_id, {{0}}) * avgIf({WEIGHT}, {{0}}), 0)",
        "users": "toFloat64(uniqIf(user_id, user_id != '' AND {0}))",
        "sessions": "toFloat64(uniqIf(session_id, session_id != '' AND {0}))",
    }
)
"""What can be counted, with a place for the condition. A trace counts if one of its spans does."""
ADD_UP: Final = frozenset({"spans", "calls"})

NUMBERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "duration_seconds": ("duration_ns / 1e9", ()),
        "time_to_first_token_seconds": ("time_to_first_token_ns / 1e9", ()),
        **{c.name: (f"toFloat64({c.name})", ("usage_counted",)) for c in COLUMNS if c.codec in {"tokens", "usd"}},
    }
)
"""Columns that can be summed, averaged and so on: the number, and for which spans it counts."""

KEYED: Final = ("attributes", "metadata", "parameters", "resource")
"""Maps whose keys are named with a dot: ``metadata.cart_value``. What cannot be read as a number is not counted."""

Text = Annotated[str, Field(min_length=1, max_length=500)]


class Part(BaseModel):
    """One aggregate: exactly one of ``count``, ``sum``, ``mean`` and ``percentile``, over spans that pass ``where``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    count: Literal["spans", "calls", "traces", "users", "sessions"] | None = None
    sum: Text | None = None
    mean: Text | None = None
    percentile: Text | None = None
    level: float | None = Field(None, gt=0, lt=100)
    where: dict[Text, tuple[Text, ...]] = Field(default_factory=dict)

    @field_validator("sum", "mean", "percentile")
    @classmethod
    def _is_a_number(cls, value: str | None) -> str | None:
        if value is None or value in NUMBERS or _is_key(value):
            return value
        msg = f"{value!r} holds no number; write {_or(KEYED, '.KEY')}, or one of {', '.join(NUMBERS)}"
        raise ValueError(msg)

    @field_validator("where", mode="before")
    @classmethod
    def _are_values(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        for field in value:
            if field not in FIELDS and not _is_key(str(field)):
                msg = f"there is no field {field!r}; write {_or(KEYED, '.KEY')}, or one of {', '.join(FIELDS)}"
                raise ValueError(msg)
        return {field: _texts(accepted) for field, accepted in value.items()}

    @model_validator(mode="after")
    def _is_one_aggregate(self) -> Part:
        given = self.given
        if len(given) != 1:
            msg = f"write exactly one of {', '.join(self.aggregates())}, not {' and '.join(given) or 'none'}"
            raise ValueError(msg)
        if (self.percentile is None) != (self.level is None):
            msg = "a percentile, and nothing else, has a level: 95 is what 95 of 100 stay below"
            raise ValueError(msg)
        return self

    @classmethod
    def aggregates(cls) -> tuple[str, ...]:
        """The fields of which there must be one."""
        return "count", "sum", "mean", "percentile"

    @property
    def given(self) -> list[str]:
        """Those that there are."""
        return [name for name in self.aggregates() if getattr(self, name) is not None]


class Ratio(BaseModel):
    """``of`` divided by ``to``; no value where that is 0."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    of: Part
    to: Part


class Entry(Part):
    """One measure of the file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$", max_length=60)
    label: Text | None = None
    unit: Unit = ""
    better: Better = "neither"
    help: str = Field("", max_length=500)
    ratio: Ratio | None = None

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value in BUILT_IN or value in _TAKEN:
            msg = f"{value!r} is taken by the product: choose another name"
            raise ValueError(msg)
        return value

    @classmethod
    def aggregates(cls) -> tuple[str, ...]:
        """The fields of which there must be one."""
        return *super().aggregates(), "ratio"


_TAKEN: Final = frozenset({*(column.name for column in COLUMNS), *FIELDS})


class File(BaseModel):
    """A whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    measures: tuple[Entry, ...]


def _is_key(name: str) -> bool:
    column, _, key = name.partition(".")
    return column in KEYED and bool(key)


def _texts(accepted: Any) -> Any:
    """Values as texts, as they are stored: YAML reads ``true`` and ``2`` as something else."""
    values = accepted if isinstance(accepted, list) else [accepted]
    return [
        str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value
        for value in values
    ]


def _or(names: tuple[str, ...], suffix: str) -> str:
    return ", ".join(f"{name}{suffix}" for name in names)
