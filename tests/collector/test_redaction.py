from __future__ import annotations

import json
import os
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spanglass_collector import redaction_engines
from spanglass_collector.errors import RulesRefused
from spanglass_collector.metrics import Metrics
from spanglass_collector.redaction import LOOK_SECONDS, REQUEST_SECONDS, Redaction, Redactor

PEOPLE = '[[rules]]\nname = "people"\npatterns = ["email", "credit_card"]\n'
ENDLESS = r"^(\w|\w\w|a)*!$"
"""Not a repetition of a repetition, so it is not refused, and it never ends all the same."""


class Rules:
    """A file of rules, its metrics and its clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = Metrics()
        self.now_seconds = 0.0

    def opened(self, text: str) -> Redaction:
        self.path.write_text(text)
        return Redaction(self.path, self.metrics, monotonic=lambda: self.now_seconds)

    def of(self, text: str, project: str = "shop") -> Redactor:
        redactor = self.opened(text).redactor_of(project)
        assert redactor is not None
        return redactor

    @property
    def failures(self) -> dict[str, float]:
        found = re.findall(r'redaction_failures_total\{rule="(\w+)"\} ([\d.]+)', self.metrics.text().decode())
        return {rule: float(count) for rule, count in found}


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return Rules(tmp_path / "redaction.toml")


def test_patterns_are_found_in_texts_in_json_and_below(rules: Rules) -> None:
    redact = rules.of(PEOPLE)
    messages = json.dumps([{"role": "user", "content": "I am ada@example.org, card 4111 1111 1111 1111"}])
    told = redact({"ai.prompt": messages, "list": ["a@b.org", 7, None], "map": {"to": b"a@b.org"}, "n": 1.5})
    assert json.loads(told["ai.prompt"])[0]["content"] == "I am [masked:email], card [masked:credit_card]"
    assert told["list"] == ["[masked:email]", 7, None]
    assert told["map"] == {"to": b"[masked:email]"}
    assert told["n"] == 1.5
    assert redact.text("no such user: ada@example.org") == "no such user: [masked:email]"
    assert redact.text("") == ""


def test_paths_lead_into_json_and_flat_names(rules: Rules) -> None:
    redact = rules.of('[[rules]]\nname = "r"\npaths = ["*.password", "llm.input_messages.*.content"]\n')
    told = redact({
        "body": '{"user": {"password": "x", "name": "ada"}}',
        "llm.input_messages.0.message.content": "secret",
        "llm.input_messages.0.message.role": "user",
    })  # fmt: skip
    assert json.loads(told["body"]) == {"user": {"password": "[masked]", "name": "ada"}}
    assert told["llm.input_messages.0.message.content"] == "[masked]"
    assert told["llm.input_messages.0.message.role"] == "user"


def test_names_of_models_and_figures_are_left(rules: Rules) -> None:
    redact = rules.of('[[rules]]\nname = "r"\npatterns = ["(?P<digits>[0-9]+)"]\n')
    kept = {"gen_ai.request.model": "gpt-4", "gen_ai.usage.input_tokens": 12}
    assert redact(kept | {"other": "12"}) == kept | {"other": "[masked:digits]"}


def test_rules_hold_for_their_projects(rules: Rules) -> None:
    opened = rules.opened(PEOPLE + 'projects = ["shop", "support-*"]\n')
    assert opened.redactor_of("other") is None
    assert [opened.redactor_of(each) is None for each in ("shop", "support-eu", "support")] == [False, False, True]


def test_rules_of_one_project_work_together(rules: Rules) -> None:
    text = PEOPLE + '[[rules]]\nname = "orders"\nprojects = ["shop"]\npatterns = ["(?P<order>A-[0-9]{6})"]\n'
    redact = rules.of('hash_key = "k"\n' + text)
    first, second = (redact({"x": said})["x"] for said in ("a@b.org A-123456", "A-123456"))
    assert re.fullmatch(r"\[masked:email:\w{8}\] \[masked:order:\w{8}\]", first)
    assert first.endswith(second)


def test_an_expression_that_does_not_end_costs_its_value_and_not_the_span(rules: Rules) -> None:
    redact = rules.of(f'[[rules]]\nname = "slow"\npatterns = [\'{ENDLESS}\', "email"]\n')
    told = redact({"a": "x" * 60 + "!?", "b": "a@b.org", "gen_ai.request.model": "m"})
    assert told == {"a": "[masked:failed]", "b": "[masked:email]", "gen_ai.request.model": "m",
                    "spanglass.content_dropped": True}  # fmt: skip
    assert rules.failures == {"slow": 2.0}  # with the others, and alone


def test_one_request_has_a_limited_time_in_all(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanglass_collector.redaction.REQUEST_SECONDS", 0.3)
    redact = rules.of(f"[[rules]]\nname = \"slow\"\npatterns = ['{ENDLESS}']\n")
    told = redact({f"a{number}": "x" * 60 + "!?" for number in range(1000)} | {"late": "harmless"})
    assert set(told.values()) == {"[masked:failed]", True}
    assert redact({"later": "harmless"})["later"] == "[masked:failed]"
    assert REQUEST_SECONDS < 5


def test_a_changed_file_is_read_again_and_a_broken_one_is_not(rules: Rules, caplog: pytest.LogCaptureFixture) -> None:
    opened = rules.opened(PEOPLE)

    def told_after(text: str | None) -> str:
        if text is None:
            rules.path.unlink()
        else:
            rules.path.write_text(text)
            os.utime(rules.path, ns=(rules.path.stat().st_mtime_ns + 10**9,) * 2)
        rules.now_seconds += LOOK_SECONDS
        redactor = opened.redactor_of("shop")
        return redactor({"x": "a@b.org"})["x"] if redactor else "no rules"

    assert told_after(PEOPLE.replace('"email", ', "")) == "a@b.org"
    assert told_after(PEOPLE) == "[masked:email]"
    assert told_after("[[rules]]\nname = 1\n") == "[masked:email]"
    assert told_after(None) == "[masked:email]"
    assert "the redaction rules stay as they were" in caplog.text
    assert told_after("") == "no rules"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rules = [", "Invalid"),
        ("[[rules]]\n", "rules.0.name: Field required"),
        ('[[rules]]\nname = "r"\n', "rule 'r': it has no patterns, no paths and no presidio"),
        ('[[rules]]\nname = "r"\npattern = ["email"]\n', "rules.0.pattern: Extra inputs are not permitted"),
        (
            '[[rules]]\nname = "r"\npatterns = ["emial"]\n',
            "rule 'r': 'emial' is no pattern to mask by; known are api_key",
        ),
        ('[[rules]]\nname = "r"\npatterns = ["(a+)+"]\n', "repeats a repetition"),
        ('[[rules]]\nname = "r"\npatterns = ["("]\n', "is no regular expression"),
        ('[[rules]]\nname = "r"\npaths = ["a..b"]\n', "is no path of keys"),
        (PEOPLE * 2, "two rules are named 'people'"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(rules: Rules, text: str, sentence: str) -> None:
    with pytest.raises(RulesRefused) as caught:
        rules.opened(text)
    assert str(caught.value).startswith(f"The redaction rules in {rules.path} cannot be used: ")
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_is_refused(rules: Rules) -> None:
    with pytest.raises(RulesRefused, match="No such file"):
        Redaction(rules.path, rules.metrics)


PRESIDIO = '[[rules]]\nname = "names"\npresidio = ["PERSON"]\n'


@pytest.fixture
def forgetful() -> Callable[[], None]:
    redaction_engines._analyzer.cache_clear()
    return redaction_engines._analyzer.cache_clear


def test_presidio_is_asked_for_only_by_name_and_missed_with_a_sentence(
    rules: Rules, forgetful: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)  # also where somebody has it
    rules.opened(PEOPLE)
    with pytest.raises(RulesRefused, match="not installed: pip install presidio-analyzer"):
        rules.opened(PRESIDIO)


class Result(types.SimpleNamespace):
    start: int
    end: int


class NamesAnalyzer:
    """What we use of presidio_analyzer.AnalyzerEngine, finding names that begin with A and end with a."""

    def get_supported_entities(self, language: str) -> list[str]:
        return ["PERSON"] if language == "en" else []

    def analyze(self, *, text: str, entities: list[str], language: str) -> list[Any]:
        if "crash" in text:
            raise RuntimeError
        return [Result(start=found.start(), end=found.end()) for found in re.finditer(r"\bA\w*a\b", text)]


def test_what_presidio_finds_is_marked_and_where_it_fails_the_value_goes(
    rules: Rules, forgetful: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", types.SimpleNamespace(AnalyzerEngine=NamesAnalyzer))
    redact = rules.of(PRESIDIO)
    assert redact({"x": "Ada met Anna"})["x"] == "[masked:person] met [masked:person]"
    assert redact({"x": "crash", "y": "Ada"})["x"] == "[masked:failed]"
    assert rules.failures == {"names": 2.0}
    with pytest.raises(RulesRefused, match="does not know 'PERSON' in the language 'xx'"):
        rules.opened(PRESIDIO + 'language = "xx"\n')
    forgetful()
