"""`spanglass demo`: `up` with the demo's process beside it."""

from __future__ import annotations

from importlib.util import find_spec

from spanglass_cli import roles
from spanglass_cli.errors import CommandError
from spanglass_cli.ports import Port
from spanglass_cli.process import ChildSpec
from spanglass_cli.up import Say, up


def run_demo(layout: roles.Layout, provider_port: int, *, say: Say) -> None:
    """Run until Ctrl-C or SIGTERM. Raises what `up` raises, and CommandError where the OpenAI client is missing."""
    if find_spec("openai") is None:
        msg = "the demo's application uses the openai package: pip install 'spanglass[all]'"
        raise CommandError(msg)

    def traffic(layout: roles.Layout, clickhouse_url: str) -> ChildSpec:
        return roles.demo(layout, clickhouse_url, provider_port)

    up(
        layout,
        None,
        say=say,
        afterwards=[traffic],
        ports=[Port("127.0.0.1", provider_port, "the demo's model provider", "--provider-port")],
        notes=[
            "The demo is a shop's assistant with a week of history. Two days ago one of its models was replaced without",
            "notice: the quality page shows it, and an alert fires within a minute. Its model provider listens at",
            f"http://127.0.0.1:{provider_port}/v1 and speaks OpenAI's language: examples/openai_chat.py uses it.",
        ],
    )
