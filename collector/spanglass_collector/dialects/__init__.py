"""Which convention speaks? Every one that does is read, and the earlier in ``DIALECTS`` wins. Pure."""

from __future__ import annotations

from typing import Final

from spanglass_collector.decode import Alike, WireSpan
from spanglass_collector.dialects.dialect import Dialect
from spanglass_collector.dialects.gen_ai import GEN_AI
from spanglass_collector.dialects.gen_ai_events import GEN_AI_EVENTS
from spanglass_collector.dialects.general import GENERAL
from spanglass_collector.dialects.genkit import GENKIT
from spanglass_collector.dialects.langfuse import LANGFUSE
from spanglass_collector.dialects.langsmith import LANGSMITH
from spanglass_collector.dialects.litellm import LITELLM
from spanglass_collector.dialects.logfire import LOGFIRE
from spanglass_collector.dialects.mlflow import MLFLOW
from spanglass_collector.dialects.openai_agents import OPENAI_AGENTS
from spanglass_collector.dialects.openinference import OPENINFERENCE
from spanglass_collector.dialects.openlit import OPENLIT
from spanglass_collector.dialects.own import OWN
from spanglass_collector.dialects.plan import Plans, Together, shape_of
from spanglass_collector.dialects.pydantic_ai import PYDANTIC_AI
from spanglass_collector.dialects.strands import STRANDS
from spanglass_collector.dialects.told import Told
from spanglass_collector.dialects.traceloop import TRACELOOP
from spanglass_collector.dialects.vercel import VERCEL

DIALECTS: Final[tuple[Dialect, ...]] = (
    OWN,
    GENERAL,
    LANGFUSE,
    LANGSMITH,
    VERCEL,
    MLFLOW,
    GENKIT,
    STRANDS,
    LITELLM,
    LOGFIRE,
    OPENLIT,
    PYDANTIC_AI,
    OPENAI_AGENTS,
    OPENINFERENCE,
    TRACELOOP,
    GEN_AI,
    GEN_AI_EVENTS,
)
"""By falling precedence: what is said on purpose for us, then the more particular before the more common."""


_PLANS: Final = Plans(DIALECTS)


def told_by(span: WireSpan) -> Told:
    """What the span's attributes and events tell, in canonical words. Never raises: a fault of ours in a reader costs
    the span its canonical words, and neither the span nor those beside it.
    """
    plan = _PLANS.of(shape_of(span))
    try:
        return plan.told_by(span)
    except Exception:  # noqa: BLE001
        return Told({})


def told_together(alike: Alike) -> Together | None:
    """The same of spans that are alike, column by column; None where they have to be asked one by one."""
    return _PLANS.of((alike.scope_name, alike.names, ())).told_together(alike)
