"""Two services, one trace: a page asks an assistant over HTTP, and what the assistant does is below the page's span.

To run it::

    pip install . openai fastapi uvicorn httpx
    OPENAI_API_KEY=… python examples/fastapi_httpx.py
"""

import socket
import threading

import httpx
import uvicorn
from fastapi import FastAPI
from openai import AsyncOpenAI

import spanglass
from spanglass.propagation.asgi import Middleware
from spanglass.propagation.httpx import propagate

app = FastAPI()
app.add_middleware(Middleware)
model = spanglass.wrap(AsyncOpenAI())


@app.get("/answer")
@spanglass.observe
async def answer(question: str) -> str:
    """The assistant's side: its span has the page's span above it, and the page's user."""
    said = await model.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
    return said.choices[0].message.content or ""


@spanglass.observe
def page(address: str, question: str) -> str:
    """The page's side. Ids travel to this machine and to hosts that are named, to nobody else."""
    with propagate(httpx.Client(), hosts=["*.internal"]) as client:
        return str(client.get(f"{address}/answer", params={"question": question}, timeout=60).json())


if __name__ == "__main__":
    spanglass.init("fastapi-httpx")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        with spanglass.context(user_id="ann", session_id="visit-7"):
            print(page(f"http://127.0.0.1:{listening.getsockname()[1]}", "Is it waterproof?"))
        server.should_exit = True
        thread.join()
