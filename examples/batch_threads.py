"""Many calls in a pool of threads: each is below the span that handed it in, with its tags. Nothing is needed for it.

Where work goes ways of its own (a queue, a callback), `spanglass.carry(function)` takes its surroundings along.

To run it::

    pip install . openai
    OPENAI_API_KEY=… python examples/batch_threads.py
"""

from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI

import spanglass

client = spanglass.wrap(OpenAI())
REVIEWS = ["Dry all week.", "The poles broke.", "Too heavy for me.", "My dog likes it."]


@spanglass.observe
def mood(review: str) -> str:
    """Of a review, in a word."""
    asked = f"One word for the mood of: {review}"
    said = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": asked}])
    return said.choices[0].message.content or ""


@spanglass.observe(kind="chain")
def moods(reviews: list[str]) -> list[str]:
    """Of all of them, four at a time."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(mood, reviews))


if __name__ == "__main__":
    spanglass.init("batch-threads")
    with spanglass.context(tags=["nightly"]):
        print(moods(REVIEWS))
