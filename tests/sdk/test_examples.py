"""Each example as a user would run it: a program of its own, a provider, a collector; and what the collector got."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sdk.every_provider import TEXT, EveryProvider, every_provider
from sdk.servers import Json, Sink

from spanglass import semconv

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Expected:
    """Names of the spans, in any order, and what the program prints."""

    spans: tuple[str, ...]
    prints: str
    provider: str = ""  # of each model call


EXPECTED = {
    "quickstart.py": Expected(("greet",), "Hello, world!\nsent"),
    "openai_chat.py": Expected(("answer", "chat gpt-4o-mini"), f"{TEXT}\nsent", "openai"),
    "openai_responses.py": Expected(
        ("haiku", "chat gpt-4o-mini", "chat gpt-4o-mini", "embeddings text-embedding-3-small"),
        f"{TEXT}\n{TEXT}",
        "openai",
    ),
    "openai_compatible.py": Expected(("chat llama3.2", "chat gpt-4o-mini"), f"{TEXT}\n{TEXT}"),
    "anthropic_messages.py": Expected(
        ("plan", "weather", "chat claude-haiku-4-5", "chat claude-haiku-4-5"), TEXT, "anthropic"
    ),
    "google_genai.py": Expected(
        ("poem", "generate_content gemini-2.0-flash", "generate_content gemini-2.0-flash"),
        f"{TEXT}\n{TEXT}",
        "gcp.gemini",
    ),
    "mistral_chat.py": Expected(("ask", "chat mistral-small-latest", "chat mistral-small-latest"), TEXT, "mistral_ai"),
    "cohere_rag.py": Expected(("answer", "search", "rerank rerank-v3.5", "chat command-r7b-12-2024"), TEXT, "cohere"),
    "bedrock_converse.py": Expected(
        ("ask", *["chat anthropic.claude-3-5-haiku-20241022-v1:0"] * 2), f"{TEXT}\n{TEXT}", "aws.bedrock"
    ),
    "litellm_completion.py": Expected(("ask", "chat openai/gpt-4o-mini", "chat openai/gpt-4o-mini"), TEXT),
    "langchain_chain.py": Expected(
        ("RunnableSequence", "ChatPromptTemplate", "ChatOpenAI", "chat gpt-4o-mini", "StrOutputParser"), TEXT
    ),
    "feedback.py": Expected(("answer", "chat gpt-4o-mini"), TEXT),
    "fastapi_httpx.py": Expected(("page", "answer", "chat gpt-4o-mini"), TEXT, "openai"),
    "batch_threads.py": Expected(("moods", *["mood", "chat gpt-4o-mini"] * 4), str([TEXT] * 4)),
    "masking.py": Expected(("sign_up",), "the card ends with 1111."),
}
ON_THEIR_OWN = {"sampling.py", "celery_task.py", "test_my_application.py", "query_frames.py"}


@pytest.fixture(scope="module")
def every() -> Iterator[EveryProvider]:
    with every_provider() as found:
        yield found


def surroundings(provider: EveryProvider, sink: Sink) -> dict[str, str]:
    """What the environment says: where the collector and the providers are, and keys that open nothing."""
    return {
        **os.environ,
        "SPANGLASS_ENDPOINT": sink.url,
        "SPANGLASS_RAISE_ERRORS": "1",
        "SPANGLASS_EXIT_TIMEOUT_SECONDS": "20",
        "OPENAI_BASE_URL": f"{provider.url}/v1",
        "COMPATIBLE_BASE_URL": f"{provider.url}/v1",
        "AZURE_OPENAI_ENDPOINT": provider.url,
        "ANTHROPIC_BASE_URL": provider.url,
        "GOOGLE_GEMINI_BASE_URL": provider.url,
        "MISTRAL_BASE_URL": provider.url,
        "CO_API_URL": provider.url,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": provider.url,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        **{f"{name}_API_KEY": "k" for name in ("OPENAI", "AZURE_OPENAI", "ANTHROPIC", "GEMINI", "MISTRAL", "CO")},
    }


def run(example: str, environment: dict[str, str], *program: str) -> str:
    """What it prints; it must end well."""
    done = subprocess.run(
        [sys.executable, *program, str(EXAMPLES / example)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("example", EXPECTED)
def test_the_example_prints_its_answer_and_its_spans_arrive(example: str, every: EveryProvider, sink: Sink) -> None:
    expected = EXPECTED[example]
    assert run(example, surroundings(every, sink)).endswith(expected.prints)
    # The packages of Anthropic and FastAPI tell spans of their own besides.
    spans = [span for span in sink.spans() if span["scope"].startswith(("spanglass", "openinference"))]
    assert sorted(span["name"] for span in spans) == sorted(expected.spans)
    assert {span["status"] for span in spans} <= {0, 1}
    assert len({span["trace_id"] for span in spans}) == (2 if example == "openai_compatible.py" else 1)
    for call in model_calls(spans):
        told = call["attributes"]
        assert told[semconv.PROVIDER_NAME] == (expected.provider or told[semconv.PROVIDER_NAME])
        assert told.get(semconv.INPUT_TOKENS, 0) > 0 or told[semconv.SPAN_KIND] == "rerank"


def test_scores_arrive_with_their_traces(every: EveryProvider, sink: Sink) -> None:
    run("feedback.py", surroundings(every, sink))
    trace_id = sink.span("answer")["trace_id"]
    told = {score["name"]: (score["value"], score.get("trace_id"), score["source"]) for score in sink.scores()}
    assert told == {
        "short enough": (True, trace_id, "code"),
        "user_feedback": (True, trace_id, "user"),
        "accuracy": (0.8, trace_id, "judge"),
        "tone": ("friendly", trace_id, "human"),
        "visit": ("came back twice", None, "code"),
    }


def test_the_services_of_one_trace_are_one_below_the_other(every: EveryProvider, sink: Sink) -> None:
    run("fastapi_httpx.py", surroundings(every, sink))
    page, answer, call = (sink.span(name) for name in ("page", "answer", "chat gpt-4o-mini"))
    above = {span["span_id"]: span["parent_span_id"] for span in sink.spans()}
    assert above[page["span_id"]] == ""
    place = answer["span_id"]
    while place and place != page["span_id"]:  # FastAPI has spans of its own in between
        place = above[place]
    assert place == page["span_id"]
    assert call["parent_span_id"] == answer["span_id"]
    assert {span["attributes"][semconv.USER_ID] for span in (page, answer, call)} == {"ann"}


def test_what_is_masked_does_not_arrive(every: EveryProvider, sink: Sink) -> None:
    run("masking.py", surroundings(every, sink))
    told = sink.span("sign_up")["attributes"]
    assert json.loads(told[semconv.INPUT]) == {
        "name": "[nickname]",
        "mail": "[masked:email]",
        "card": {"number": "[masked]", "employee": "[masked]"},
    }
    assert "bob@example.org" not in told[semconv.OUTPUT]


def test_failed_traces_are_kept_and_weights_keep_the_sum(every: EveryProvider, sink: Sink) -> None:
    printed = run("sampling.py", surroundings(every, sink))
    spans = sink.spans()
    assert printed == f"200 calls, {len(spans)} spans sent"
    failed = [span for span in spans if span["status"] == 2]
    assert [json.loads(span["attributes"][semconv.INPUT])["number"] for span in failed] == [50, 100, 150, 200]
    assert {span["attributes"].get(semconv.SAMPLING_WEIGHT, 1.0) for span in failed} == {1.0}
    others = [span for span in spans if span["status"] != 2]
    assert {span["attributes"].get(semconv.SAMPLING_WEIGHT, 1.0) for span in others} <= {10.0}


def test_a_worker_of_celery_goes_on_below_what_sent_the_task(every: EveryProvider, sink: Sink, tmp_path: Path) -> None:
    environment = {**surroundings(every, sink), "CELERY_FOLDER": str(tmp_path), "PYTHONPATH": str(EXAMPLES)}
    command = [sys.executable, "-m", "celery", "-A", "celery_task", "worker", "--pool", "solo", "--loglevel", "WARNING"]
    with subprocess.Popen(command, env=environment, cwd=tmp_path) as worker:
        try:
            assert run("celery_task.py", environment) == str([TEXT, TEXT])
        finally:
            worker.terminate()
    night = sink.span("night")
    summaries = [span for span in sink.spans() if span["name"] == "summary"]
    assert [span["parent_span_id"] for span in summaries] == [night["span_id"]] * 2
    assert {tuple(span["attributes"][semconv.TAGS]) for span in sink.spans()} == {("nightly",)}
    assert len(sink.spans()) == 5


def test_a_users_own_tests_need_no_network() -> None:
    assert "2 passed" in run("test_my_application.py", dict(os.environ), "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_every_example_is_tested_and_told_of() -> None:
    found = {path.name for path in EXAMPLES.glob("*.py")}
    assert found == EXPECTED.keys() | ON_THEIR_OWN
    page = (EXAMPLES.parent / "docs" / "integrations.md").read_text()
    assert {name for name in found if f"(../examples/{name})" not in page} == set()


def model_calls(spans: list[Json]) -> list[Json]:
    return [span for span in spans if span["attributes"].get(semconv.SPAN_KIND) in semconv.MODEL_KINDS]
