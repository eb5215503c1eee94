"""A task that a worker does in another process: below the span that sent it. The broker is a folder.

To run it::

    pip install . celery openai
    cd examples
    OPENAI_API_KEY=… celery -A celery_task worker --pool solo    # in one terminal
    python celery_task.py                                        # in another
"""

import os
import tempfile
from pathlib import Path

from celery import Celery
from openai import OpenAI

import spanglass
from spanglass.propagation import celery as propagation

spanglass.init("celery-task")
propagation.connect()

FOLDER = Path(os.environ.get("CELERY_FOLDER", f"{tempfile.gettempdir()}/spanglass-celery"))
for name in ("messages", "control", "results"):
    (FOLDER / name).mkdir(parents=True, exist_ok=True)

app = Celery("celery_task", broker="filesystem://", backend=f"file://{FOLDER}/results")
app.conf.broker_transport_options = {
    "data_folder_in": f"{FOLDER}/messages",
    "data_folder_out": f"{FOLDER}/messages",
    "control_folder": f"{FOLDER}/control",
}


@app.task
@spanglass.observe
def summary(text: str) -> str:
    """The text in a word."""
    client = spanglass.wrap(OpenAI())
    asked = f"In one word: {text}"
    said = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": asked}])
    return said.choices[0].message.content or ""


@spanglass.observe
def night(texts: list[str]) -> list[str]:
    """The summaries of all of them."""
    return [sent.get(timeout=60) for sent in [summary.delay(text) for text in texts]]


if __name__ == "__main__":
    with spanglass.context(tags=["nightly"]):
        print(night(["The tent is dry.", "The pole is broken."]))
