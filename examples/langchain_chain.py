"""LangChain, recorded by the instrumentation that is installed for it, with the model's own call below each step.

To run it::

    pip install . langchain-openai openinference-instrumentation-langchain
    OPENAI_API_KEY=… python examples/langchain_chain.py
"""

import spanglass

spanglass.init("langchain-chain")
spanglass.instrument()  # says what it has turned on

from langchain_core.output_parsers import StrOutputParser  # before or after `instrument`: both work
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI

if __name__ == "__main__":
    prompt = ChatPromptTemplate.from_template("A slogan for {thing}, please.")
    chain = prompt | ChatOpenAI(model="gpt-4o-mini") | StrOutputParser()
    with spanglass.context(user_id="me", session_id="examples", tags=["slogans"]):
        print(chain.invoke({"thing": "a very small tent"}))
