"""LiteLLM: one function for every provider. The call is recorded once, at the top.

To run it::

    pip install . litellm
    OPENAI_API_KEY=… python examples/litellm_completion.py
"""

import litellm

import spanglass

spanglass.wrap(litellm)


@spanglass.observe
def ask(question: str) -> str:
    """An answer, streamed together."""
    messages = [{"role": "user", "content": question}]
    short = litellm.completion(model="openai/gpt-4o-mini", messages=messages, max_tokens=50)
    pieces = litellm.completion(
        model="openai/gpt-4o-mini",
        messages=[*messages, short.choices[0].message.model_dump(), {"role": "user", "content": "In more words."}],
        stream=True,
    )
    return "".join(piece.choices[0].delta.content or "" for piece in pieces)


if __name__ == "__main__":
    spanglass.init("litellm-completion")
    print(ask("What makes a good knot?"))
