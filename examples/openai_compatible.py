"""Any server that speaks OpenAI's protocol, and Azure OpenAI: the same client, another address.

    pip install . openai
    OPENAI_API_KEY=… AZURE_OPENAI_API_KEY=… AZURE_OPENAI_ENDPOINT=https://….openai.azure.com \
        COMPATIBLE_BASE_URL=http://127.0.0.1:11434/v1 COMPATIBLE_MODEL=llama3.2 python examples/openai_compatible.py

The provider of a span is told by the address: `azure.ai.openai`, `groq`, `deepseek`, …; `openai` where it is not known.
"""

import os

from openai import AzureOpenAI, OpenAI

import spanglass


def ask(client: OpenAI, model: str) -> str | None:
    """What the model says."""
    said = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "One word for the sea?"}], temperature=0.2
    )
    return said.choices[0].message.content


if __name__ == "__main__":
    spanglass.init("openai-compatible")
    local = spanglass.wrap(OpenAI(base_url=os.environ["COMPATIBLE_BASE_URL"], api_key="none"))
    print(ask(local, os.environ.get("COMPATIBLE_MODEL", "llama3.2")))
    if "AZURE_OPENAI_ENDPOINT" in os.environ:
        azure = spanglass.wrap(AzureOpenAI(api_version="2024-10-21"))
        print(ask(azure, os.environ.get("AZURE_DEPLOYMENT", "gpt-4o-mini")))
