"""OpenAI's chat completions, streamed: a wrapped client, who asked, and in which session.

    pip install . openai
    OPENAI_API_KEY=… python examples/openai_chat.py "Which tent for the Alps?"

Without a key, against the provider of a running `spanglass demo`:

    OPENAI_BASE_URL=http://127.0.0.1:18080/v1 OPENAI_API_KEY=demo python examples/openai_chat.py
"""

import sys

from openai import OpenAI

import spanglass

client = spanglass.wrap(OpenAI())


@spanglass.observe
def answer(question: str) -> str:
    """The answer, printed as it comes."""
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}], stream=True
    )
    pieces = []
    for chunk in stream:
        if chunk.choices:
            pieces.append(chunk.choices[0].delta.content or "")
            print(pieces[-1], end="", flush=True)
    print()
    return "".join(pieces)


if __name__ == "__main__":
    spanglass.init("openai-chat")
    with spanglass.context(user_id="me", session_id="examples"):
        answer(" ".join(sys.argv[1:]) or "Which tent would you take for two people and a week in the Alps?")
    print("sent" if spanglass.flush() else "not sent: is `spanglass up` running?")
