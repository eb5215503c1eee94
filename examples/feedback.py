"""Scores: by the program itself, by the person who reads the answer, and by someone who reads it the day after.

To run it::

    pip install . openai
    OPENAI_API_KEY=… python examples/feedback.py
"""

from openai import OpenAI

import spanglass

client = spanglass.wrap(OpenAI())


@spanglass.observe
def answer(question: str) -> tuple[str, str | None]:
    """The answer and the id of its trace, which the page that shows it keeps for the thumb below."""
    said = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
    text = said.choices[0].message.content or ""
    spanglass.score("short enough", len(text) < 400)  # of this very span
    return text, spanglass.current_trace_id()


if __name__ == "__main__":
    spanglass.init("feedback")
    with spanglass.context(session_id="visit-7"):
        text, trace_id = answer("May I bring the dog?")
        print(text)
    # later, in another request: a thumb, a number, a category, a text
    spanglass.feedback(trace_id, True, user_id="ann")
    spanglass.score("accuracy", 0.8, trace_id=trace_id, source="judge", comment="half a sentence is made up")
    spanglass.score("tone", "friendly", trace_id=trace_id, source="human")
    spanglass.score("visit", "came back twice", session_id="visit-7", data_type="text")
