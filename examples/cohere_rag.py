"""Cohere: a question, the documents that fit it best, and an answer from them.

To run it::

    pip install . cohere
    CO_API_KEY=… python examples/cohere_rag.py
"""

import cohere

import spanglass

DOCUMENTS = ["Parcels leave Lyon each morning.", "Tents are waterproof to 3,000 mm.", "Returns are free for 30 days."]

client = spanglass.wrap(cohere.ClientV2())


@spanglass.observe(kind="retriever")
def search(question: str) -> list[str]:
    """The two documents that fit best."""
    found = client.rerank(model="rerank-v3.5", query=question, documents=DOCUMENTS, top_n=2)
    return [DOCUMENTS[each.index] for each in found.results]


@spanglass.observe
def answer(question: str) -> str:
    """What the documents say to that."""
    documents = "\n".join(search(question))
    said = client.chat(
        model="command-r7b-12-2024",
        messages=[
            {"role": "system", "content": f"Answer from these lines:\n{documents}"},
            {"role": "user", "content": question},
        ],
    )
    return "".join(part.text for part in said.message.content or [] if part.type == "text")


if __name__ == "__main__":
    spanglass.init("cohere-rag")
    print(answer("Can I send the tent back?"))
