"""A wrapped OpenAI client against any server that speaks OpenAI's protocol.

Without settings it asks the model provider of a running `spanglass demo`. For a real one:

    OPENAI_BASE_URL=https://api.openai.com/v1 OPENAI_API_KEY=… python examples/openai_chat.py "Which tent for the Alps?"
"""

from __future__ import annotations

import os
import sys

from openai import OpenAI

import spanglass

MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")


def main() -> None:
    """Ask once, streamed, and print the answer as it comes."""
    question = " ".join(sys.argv[1:]) or "Which tent would you take for two people and a week in the Alps?"
    spanglass.init("openai-chat")
    base_url = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:18080/v1")
    client = spanglass.wrap(OpenAI(base_url=base_url, api_key=os.environ.get("OPENAI_API_KEY", "demo")))
    with (
        spanglass.context(user_id="me", session_id="examples"),
        spanglass.span("ask", kind="chain", input=question) as ask,
    ):
        stream = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}], stream=True
        )
        answer = ""
        for chunk in stream:
            piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
            answer += piece
            print(piece, end="", flush=True)
        ask.set(output=answer)
    print()
    print("sent" if spanglass.flush() else "not sent: is `spanglass up` running?")


if __name__ == "__main__":
    main()
