from __future__ import annotations

import pytest

from spanglass_store.search import Terms, alternatives, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lost parcel", Terms("lost parcel", "lost parcel", ())),
        ('late "lost parcel" today', Terms("late lost parcel today", "late today", ("lost parcel",))),
        ("返品 policy", Terms("返品 policy", "policy", ("返品",))),
        ("반품은", Terms("반품은", "", ("반품은",))),
        ("Straße naïve", Terms("Straße naïve", "Straße naïve", ())),
        ("?! word", Terms("?! word", "word", ("?!",))),
        ('never "closed', Terms("never closed", "never closed", ())),
        ("", Terms("", "", ())),
        ('  "" " ', Terms("", "", ())),
    ],
)
def test_words_quotes_and_scripts_without_spaces(text: str, expected: Terms) -> None:
    assert terms(text) == expected


def test_signs_of_patterns_are_taken_as_they_stand() -> None:
    said = dict(alternatives('"100%_\\"')[0].params)
    assert said["q_like_0"] == "%100\\%\\_\\\\%"


def test_a_trace_id_is_looked_up_and_nothing_searches_nothing() -> None:
    (found,) = alternatives(f" {'AB' * 16} ")
    assert found.sql.startswith("trace_id =")
    assert alternatives('  "" ') == ()
