"""The application of ``openinference_application``, set up by Phoenix's one line."""

from __future__ import annotations

from openinference_application import support
from phoenix.otel import register

provider = register(auto_instrument=True, batch=True)
support(provider.get_tracer(__name__))
provider.shutdown()
