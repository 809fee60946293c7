"""Resumable uploads over HTTP: who may, what is refused, what a broken connection leaves."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from core.api.app import create_app
from core.api.sessions import cookie_name
from core.bootstrap import Services, clock
from core.domain.account import Account, Role
from core.domain.post import PostStatus
from core.domain.upload import PART_SIZE
from tests.services.catalog_world import account

MEANT = {"X-Feedroom": "upload"}
FILE = {"name": "sale.mp4", "size": 11, "content_type": "video/mp4", "fingerprint": "sale.mp4:11:1"}


def sign_in(services: Services, client: TestClient, who: Account) -> None:
    """Give the client the session cookie of an account that is stored if it was not."""
    if services.stores.accounts.find_one(who.id) is None:
        services.stores.accounts.insert(who)
    token = services.accounts.open_session(who, now=clock()).token
    client.cookies.set(cookie_name(services.settings), token)


@pytest.fixture
def brand(services: Services, client: TestClient) -> TestClient:
    """A client signed in as a brand member that says that it means to upload."""
    sign_in(services, client, account(Role.BRAND, "kiln"))
    client.headers.update(MEANT)
    return client


def test_a_file_in_parts_becomes_a_post(brand: TestClient, services: Services) -> None:
    begun = brand.post("/api/uploads", json=FILE)
    assert begun.status_code == 201
    answer = begun.json()
    assert (answer["part_size"], answer["parts"], answer["held"], answer["state"]) == (PART_SIZE, 1, [], "open")
    assert brand.put(f"/api/uploads/{answer['id']}/parts/1", content=b"hello world").status_code == 204
    assert brand.get(f"/api/uploads/{answer['id']}").json()["held"] == [1]
    done = brand.post(f"/api/uploads/{answer['id']}/complete").json()
    assert (done["title"], done["status"]) == ("Sale", PostStatus.DRAFT)
    upload = services.stores.uploads.get(answer["id"])
    assert b"".join(services.stores.objects.read(upload.key)) == b"hello world"
    assert brand.post(f"/api/uploads/{answer['id']}/complete").json()["post"] == done["post"]


def test_beginning_again_goes_on(brand: TestClient) -> None:
    first = brand.post("/api/uploads", json=FILE).json()
    brand.put(f"/api/uploads/{first['id']}/parts/1", content=b"hello world")
    again = brand.post("/api/uploads", json=FILE).json()
    assert (again["id"], again["held"]) == (first["id"], [1])
    assert [one["id"] for one in brand.get("/api/uploads").json()] == [first["id"]]


def test_nobody_uploads_without_signing_in(client: TestClient) -> None:
    refused = client.post("/api/uploads", json=FILE, headers=MEANT)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"


def test_another_site_cannot_make_a_browser_upload(services: Services, client: TestClient) -> None:
    sign_in(services, client, account(Role.BRAND, "kiln"))
    refused = client.post("/api/uploads", json=FILE)
    assert refused.status_code == 403
    assert "X-Feedroom" in refused.json()["detail"]


def test_a_moderator_is_told_who_uploads(services: Services, client: TestClient) -> None:
    sign_in(services, client, account(Role.MODERATOR))
    refused = client.post("/api/uploads", json=FILE, headers=MEANT)
    assert refused.status_code == 403
    assert "it takes a brand or creator" in refused.json()["detail"]


def test_an_upload_of_somebody_else_is_not_found(brand: TestClient, services: Services) -> None:
    id = brand.post("/api/uploads", json=FILE).json()["id"]
    sign_in(services, brand, account(Role.CREATOR, "asha"))
    for answer in (
        brand.get(f"/api/uploads/{id}"),
        brand.put(f"/api/uploads/{id}/parts/1", content=b"hello world"),
        brand.post(f"/api/uploads/{id}/complete"),
        brand.delete(f"/api/uploads/{id}"),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [({"size": 0}, "size"), ({"size": 5 * 1024**3}, "size"), ({"name": ""}, "name"), ({"size": "big"}, "size")],
)
def test_what_cannot_be_a_file_is_refused_by_field(brand: TestClient, change: dict[str, object], field: str) -> None:
    refused = brand.post("/api/uploads", json=FILE | change)
    assert refused.status_code == 422
    assert refused.json()["field"] == field


def test_a_part_of_a_wrong_length_is_refused_and_not_kept(brand: TestClient) -> None:
    id = brand.post("/api/uploads", json=FILE).json()["id"]
    assert brand.put(f"/api/uploads/{id}/parts/1", content=b"hello").status_code == 422
    assert brand.put(f"/api/uploads/{id}/parts/2", content=b"hello world").status_code == 422
    assert brand.get(f"/api/uploads/{id}").json()["held"] == []


def test_a_part_that_does_not_say_its_length_is_refused(brand: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"hello world"

    id = brand.post("/api/uploads", json=FILE).json()["id"]
    assert brand.put(f"/api/uploads/{id}/parts/1", content=chunks()).status_code == 411


def test_a_checksum_catches_what_was_damaged_on_the_way(brand: TestClient) -> None:
    id = brand.post("/api/uploads", json=FILE).json()["id"]
    put = f"/api/uploads/{id}/parts/1"
    assert (
        brand.put(
            put, content=b"hello w0rld", headers={"X-Part-CRC32": f"{zlib.crc32(b'hello world'):08x}"}
        ).status_code
        == 422
    )
    assert brand.get(f"/api/uploads/{id}").json()["held"] == []
    assert (
        brand.put(
            put, content=b"hello world", headers={"X-Part-CRC32": f"{zlib.crc32(b'hello world'):08x}"}
        ).status_code
        == 204
    )
    assert brand.put(put, content=b"hello world", headers={"X-Part-CRC32": "what"}).status_code == 422


def test_an_incomplete_upload_is_not_completed(brand: TestClient) -> None:
    id = brand.post("/api/uploads", json=FILE).json()["id"]
    refused = brand.post(f"/api/uploads/{id}/complete")
    assert refused.status_code == 409
    assert "1" in refused.json()["detail"]


def test_a_cancelled_upload_takes_nothing_more(brand: TestClient) -> None:
    id = brand.post("/api/uploads", json=FILE).json()["id"]
    assert brand.delete(f"/api/uploads/{id}").status_code == 204
    assert brand.put(f"/api/uploads/{id}/parts/1", content=b"hello world").status_code == 409
    assert brand.get("/api/uploads").json() == []


def test_a_connection_that_breaks_in_the_middle_leaves_no_part(brand: TestClient, services: Services) -> None:
    id = brand.post("/api/uploads", json=FILE).json()["id"]
    who = services.stores.accounts.get("brand-kiln")
    app = create_app(services)
    messages = [
        {"type": "http.request", "body": b"hello", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "PUT", "path": f"/api/uploads/{id}/parts/1", "query_string": b"",
        "headers": [(b"content-length", b"11"), (b"x-feedroom", b"upload"), (b"host", b"localhost")],
        "state": {"account": who}, "server": ("localhost", 80), "client": ("127.0.0.1", 1), "scheme": "http", "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert brand.get(f"/api/uploads/{id}").json()["held"] == []


def test_a_part_is_pulled_from_the_socket_only_as_quickly_as_it_is_written(
    brand: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the object store is, at most two blocks of the body wait in memory."""
    size = 4 * 1024**2
    id = brand.post("/api/uploads", json=FILE | {"size": size}).json()["id"]
    who = replace(services.stores.accounts.get("brand-kiln"))
    piece, asked, ahead = bytes(64 * 1024), 0, []

    def slow(key: str, handle: str, number: int, data: Iterator[bytes], length: int) -> None:
        taken = 0
        for block in data:
            taken += len(block)
            ahead.append(asked - taken)

    monkeypatch.setattr(services.stores.objects, "write_part", slow)

    async def receive() -> dict[str, object]:
        nonlocal asked
        asked += len(piece)
        return {"type": "http.request", "body": piece, "more_body": asked < size}

    async def send(message: dict[str, object]) -> None:
        """Nobody listens."""

    scope = {
        "type": "http", "http_version": "1.1", "method": "PUT", "path": f"/api/uploads/{id}/parts/1", "query_string": b"",
        "headers": [(b"content-length", str(size).encode()), (b"x-feedroom", b"upload"), (b"host", b"localhost")],
        "state": {"account": who}, "server": ("localhost", 80), "client": ("127.0.0.1", 1), "scheme": "http", "root_path": "",
    }  # fmt: skip
    asyncio.run(create_app(services)(scope, receive, send))  # type: ignore[arg-type]
    assert asked == size
    assert max(ahead) <= 512 * 1024
