"""OpenAI's responses, whole and streamed, and an embedding. Nothing is wrapped: ``instrument`` records every client.

To run it::

    pip install . openai
    OPENAI_API_KEY=… python examples/openai_responses.py
"""

import spanglass

spanglass.init("openai-responses")
spanglass.instrument("openai")

from openai import OpenAI  # before or after `instrument`: both work


@spanglass.observe
def haiku(client: OpenAI, about: str) -> str:
    """A haiku, and then what is wrong with it, printed as it comes."""
    first = client.responses.create(
        model="gpt-4o-mini", instructions="You write haiku.", input=f"About {about}.", max_output_tokens=200
    )
    with client.responses.create(
        model="gpt-4o-mini", previous_response_id=first.id, input="What is wrong with it?", stream=True
    ) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
    print()
    client.embeddings.create(model="text-embedding-3-small", input=[about, first.output_text])
    return first.output_text


if __name__ == "__main__":
    print(haiku(OpenAI(), "a tent in the rain"))
