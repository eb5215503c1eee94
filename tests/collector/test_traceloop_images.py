"""Images that Traceloop's SDK takes out of messages. The database is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from collector.serving import serving, settings

pytestmark = pytest.mark.clickhouse  # for the Store it opens, not for a server
NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
IMAGES = "/v2/traces/123/spans/456/images"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(settings(tmp_path, NOWHERE, max_body_bytes=1024)) as served:
        yield served


def test_an_image_has_an_address_and_is_taken_there(client: httpx.Client) -> None:
    answer = client.post(IMAGES, json={"image_name": "a b.png"})
    assert answer.json() == {"url": f"{client.base_url}{IMAGES}/a%20b.png"}
    assert client.post(answer.json()["url"], json={"image_data": "aGVsbG8="}).status_code == 200
    behind_tls = client.post(IMAGES, json={"image_name": "a"}, headers={"x-forwarded-proto": "https"})
    assert behind_tls.json()["url"].startswith("https://")


def test_limits_hold_for_images_too(client: httpx.Client) -> None:
    assert client.post(f"{IMAGES}/a.png", content=b"x" * 2048).status_code == 413
    assert client.post(IMAGES, json={"name": "a"}).json()["field"] == "image_name"
    assert client.post(IMAGES, json=[]).status_code == 400
