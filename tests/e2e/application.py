"""What a newcomer would write. Run as a program of its own; prints the id of its trace."""

from __future__ import annotations

from openai import OpenAI

import spanglass

client = spanglass.wrap(OpenAI())


@spanglass.observe
def answer(question: str) -> str:
    with spanglass.context(user_id="ann", session_id="s1", tags=["beta"]):
        messages = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": question}]
        reply = client.chat.completions.create(model="gpt-4o", messages=messages)  # type: ignore[arg-type]
        stream = client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)  # type: ignore[arg-type]
        for _ in stream:
            pass
    spanglass.score("helpful", value=True, comment="it was there")
    print(spanglass.current_trace_id())
    return str(reply.choices[0].message.content)


answer("Where is <b>parcel 1182</b>?")
receipt = spanglass.flush()
spanglass.shutdown()
