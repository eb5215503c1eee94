"""Tests of an application that look at what it records. No collector, no model, no network.

To run it::

    pip install . pytest
    pytest examples/test_my_application.py
"""

import spanglass
from spanglass import testing


@spanglass.observe(kind="retriever")
def search(question: str) -> list[str]:
    return ["Returns are free for 30 days."] if "back" in question else []


@spanglass.observe
def answer(question: str) -> str:
    found = search(question)
    spanglass.score("grounded", bool(found))
    return found[0] if found else "I do not know."


def test_an_answer_looks_for_documents_first() -> None:
    with testing.captured() as seen:
        answer("Can I send it back?")
    assert seen.span("search").parent_span_id == seen.span("answer").span_id
    assert seen.span("search").kind == "retriever"
    assert seen.span("answer").output == "Returns are free for 30 days."


def test_an_answer_without_documents_is_scored() -> None:
    with testing.captured() as seen:
        assert answer("Why?") == "I do not know."
    assert [(score["name"], score["value"]) for score in seen.scores] == [("grounded", False)]
