from __future__ import annotations

from pathlib import Path

import pytest
from command import spanglass

from spanglass_store.measures import BUILT_IN

FILE = "measures:\n- name: cart_value_usd\n  label: Cart value\n  unit: usd\n  better: higher\n  mean: metadata.cart\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "measures.yaml"
    path.write_text(FILE)
    return path


def test_measures_of_a_file_are_listed_after_those_built_in(file: Path) -> None:
    checked = spanglass("measures", "check", file)
    assert checked.returncode == 0
    line = ["cart_value_usd", "Cart", "value", "usd", "higher", "spans", "A", "measure", "of", "your", "own"]
    assert [row.split() for row in checked.stdout.splitlines()[1:]] == [line]
    listed = spanglass("measures", "list", SPANGLASS_MEASURES_FILE=str(file))
    assert [row.split()[0] for row in listed.stdout.splitlines()[1:]] == [*BUILT_IN, "cart_value_usd"]


def test_measures_that_cannot_be_used_are_told_by_line(file: Path) -> None:
    file.write_text(FILE.replace("metadata.cart", "input"))
    roles = ("collector", "--data-dir", file.parent / "data", "--grpc-port", "0"), ("monitor",), ("dashboard",)
    for command in (("measures", "check", file), *roles):
        done = spanglass(*command, SPANGLASS_MEASURES_FILE=str(file))
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        head, line = done.stderr.splitlines()[-2:]
        assert head == f"spanglass: the measures in {file} cannot be used:"
        assert line.startswith("  line 6, cart_value_usd, mean: 'input' holds no number; ")
