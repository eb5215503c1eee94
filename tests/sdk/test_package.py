"""The public names, and the version."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import spanglass


def test_every_public_name_is_there_and_told() -> None:
    for name in spanglass.__all__:
        found = getattr(spanglass, name)
        assert name == "__version__" or found.__doc__, name


def test_the_version_is_that_of_the_distribution() -> None:
    assert spanglass.__version__ == version("spanglass")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = spanglass.nothing


HEAVY = ("opentelemetry.sdk", "pydantic", "urllib3", "ssl", "google.protobuf", "importlib.metadata")


@pytest.mark.parametrize("then", ["pass", "spanglass.observe(print)", "spanglass.span('plan')", "spanglass.stats()"])
def test_what_takes_long_to_import_waits_until_something_is_recorded(then: str) -> None:
    program = f"import sys, spanglass; {then}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name in HEAVY] == []
