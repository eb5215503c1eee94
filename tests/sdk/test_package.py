"""The public names, and the version."""

from __future__ import annotations

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
