"""`spanglass migrate` says how far the tables are, what it would do, and that a newer version was here."""

from __future__ import annotations

import pytest
from command import called

from spanglass_store.connection import Store
from spanglass_store.migrate import RECORD, migrate, packaged

pytestmark = pytest.mark.clickhouse


def test_what_is_to_come_is_told_and_nothing_done(store_url: str) -> None:
    here = {"SPANGLASS_CLICKHOUSE_URL": store_url}
    names = [migration.name for migration in packaged()]
    with Store(store_url) as store:
        migrate(store, packaged()[:-1])
        shown = called("migrate", "--status", **here).stdout.splitlines()
        assert [line.split()[0] for line in shown] == ["migration", *names]
        assert shown[-1].split()[1:] == ["to", "come"]
        assert called("migrate", "--dry-run", **here).stdout == f"would apply {names[-1]}\n"
        assert called("migrate", **here).stdout == f"applied {names[-1]}\n"
        assert called("migrate", "--dry-run", **here).stdout == "the tables are up to date\n"

        store.execute(RECORD, {"name": "9999_of_tomorrow", "checksum": ""})
        again = called("migrate", **here)
        assert (again.returncode, again.stdout) == (0, "the tables are up to date\n")
        assert again.stderr.startswith("a newer version has applied 9999_of_tomorrow.")
        shown = called("migrate", "--status", **here).stdout.splitlines()
        assert shown[-1].split() == ["9999_of_tomorrow", "applied", "by", "a", "newer", "version"]
        doctor = called("doctor", **here).stdout
        assert "a newer version has applied 9999_of_tomorrow" in doctor
