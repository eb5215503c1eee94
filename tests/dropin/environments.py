"""A Python of its own for each application: with one vendor's packages, as released, and nothing of spanglass.

``pyproject.toml`` beside this file names them, ``uv.lock`` their versions; they are kept in ``.venv/dropin``.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
UV = Path(sys.executable).with_name("uv")
OURS = ""
"""The environment of the tests, for packages that they have anyway."""


@functools.cache
def python_with(group: str) -> Path:
    """The Python that has the packages of a group of ``pyproject.toml``; made or brought up to date if need be."""
    if group == OURS:
        return Path(sys.executable)
    environment = Path(sys.prefix) / "dropin" / group
    subprocess.run(
        [UV, "sync", "--quiet", "--frozen", "--project", HERE, "--only-group", group, "--python", sys.executable],
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        check=True,
    )
    return environment / "bin" / "python"
