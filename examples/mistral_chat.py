"""Mistral's chat, whole and streamed.

To run it::

    pip install . mistralai
    MISTRAL_API_KEY=… python examples/mistral_chat.py
"""

import os

from mistralai.client import Mistral

import spanglass

MODEL = "mistral-small-latest"


@spanglass.observe
def ask(client: Mistral, question: str) -> str:
    """An answer, and a shorter one."""
    messages = [{"role": "user", "content": question}]
    long = str(client.chat.complete(model=MODEL, messages=messages, max_tokens=300).choices[0].message.content)
    messages += [{"role": "assistant", "content": long}, {"role": "user", "content": "Shorter, please."}]
    with client.chat.stream(model=MODEL, messages=messages) as events:
        return "".join(str(event.data.choices[0].delta.content or "") for event in events)


if __name__ == "__main__":
    spanglass.init("mistral-chat")
    server = os.environ.get("MISTRAL_BASE_URL", "https://api.mistral.ai")
    with Mistral(api_key=os.environ["MISTRAL_API_KEY"], server_url=server) as mistral:
        print(ask(spanglass.wrap(mistral), "Why is the sea salt?"))
