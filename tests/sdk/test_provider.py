"""What an application that has not told its name is called."""

from __future__ import annotations

import pytest

from spanglass.provider import program_name


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["/srv/shop/worker.py", "--fast"], "worker"),
        (["/srv/shop/__main__.py"], "shop"),
        (["gunicorn"], "gunicorn"),
        (["-c"], "python"),
        ([""], "python"),
        ([], "python"),
    ],
)
def test_an_application_without_a_name_is_called_as_its_program(arguments: list[str], name: str) -> None:
    assert program_name(arguments) == name
