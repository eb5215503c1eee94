"""An application with OpenInference's instrumentation and OpenTelemetry's exporter, as their documentation shows it."""

from __future__ import annotations

import conversation
from openai import OpenAI
from openinference.instrumentation import OITracer, TracerProvider, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def support(tracer: OITracer) -> None:
    """The conversation, by an agent with a tool."""
    client = OpenAI(max_retries=0)
    weather = tracer.tool(name="weather")(conversation.weather)

    @tracer.agent(name="support")
    def agent(question: str) -> str:
        answer = conversation.asked(client, question, weather)
        conversation.streamed(client)
        conversation.refused(client)
        conversation.embedded(client)
        conversation.responded(client)
        return answer

    with using_attributes(session_id="s1", user_id="ann", tags=["beta"], metadata={"plan": "pro"}):
        agent(conversation.QUESTION)


if __name__ == "__main__":
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    support(provider.get_tracer(__name__))
    provider.shutdown()
