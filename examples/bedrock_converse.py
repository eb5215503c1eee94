"""AWS Bedrock's converse, whole and streamed.

To run it::

    pip install . boto3
    AWS_DEFAULT_REGION=eu-central-1 python examples/bedrock_converse.py    # with AWS credentials as boto3 finds them
"""

import boto3

import spanglass

MODEL = "anthropic.claude-3-5-haiku-20241022-v1:0"

client = spanglass.wrap(boto3.client("bedrock-runtime"))


@spanglass.observe
def ask(question: str) -> str:
    """An answer; its first half printed as it comes."""
    asked = {"messages": [{"role": "user", "content": [{"text": question}]}], "inferenceConfig": {"maxTokens": 200}}
    for event in client.converse_stream(modelId=MODEL, **asked)["stream"]:
        print(event.get("contentBlockDelta", {}).get("delta", {}).get("text", ""), end="", flush=True)
    print()
    said = client.converse(modelId=MODEL, system=[{"text": "One word."}], **asked)
    return "".join(part.get("text", "") for part in said["output"]["message"]["content"])


if __name__ == "__main__":
    spanglass.init("bedrock-converse")
    print(ask("What is at the bottom of Lake Baikal?"))
