"""Google's Gemini, whole and streamed.

To run it::

    pip install . google-genai
    GEMINI_API_KEY=… python examples/google_genai.py
"""

from google import genai
from google.genai import types

import spanglass

MODEL = "gemini-2.0-flash"

client = spanglass.wrap(genai.Client())


@spanglass.observe
def poem(about: str) -> str:
    """A title, and four lines below it."""
    title = client.models.generate_content(model=MODEL, contents=f"A title for a poem about {about}.").text
    lines = client.models.generate_content_stream(
        model=MODEL,
        contents=f"Four lines under the title {title!r}.",
        config=types.GenerateContentConfig(system_instruction="You rhyme.", temperature=0.9),
    )
    return "\n".join([title or "", "".join(chunk.text or "" for chunk in lines)])


if __name__ == "__main__":
    spanglass.init("google-genai")
    print(poem("granite"))
    client.close()
