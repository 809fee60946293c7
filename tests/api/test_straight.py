"""The straight way from the parser to the work answers exactly what the way through the application answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.api.straight import Straight
from core.bootstrap import clock
from core.domain.account import Scope
from core.domain.errors import Busy
from core.services.api_keys import ApiKeys
from tests.api.wire import ADMINISTRATOR, EVENTS, PAGE, WAYS, Running, like, running

Story = Callable[[Running], bytes]
SAID: dict[str, tuple[Story, list[str]]] = {
    "a page": (lambda it: it.get(), [PAGE]),
    "a page without reasons": (lambda it: it.get("viewer=v&size=7&reasons=no&region=IN&language=hi"), [PAGE]),
    "a page of a newcomer": (lambda it: it.get("viewer=v&size=7&newcomer=true"), [PAGE]),
    "a page of somebody who is nearly a newcomer": (lambda it: it.get("viewer=v&size=7&newcomer=maybe"), []),
    "a page whose viewer is quoted": (lambda it: it.get("viewer=a%20b+c&size=7"), [PAGE]),
    "a page over HTTP/1.0": (lambda it: it.get(version="1.0"), [PAGE]),
    "a page that ends the connection": (lambda it: it.get(more="Connection: close\r\n"), [PAGE]),
    "a page with a body": (lambda it: it.get(more="Content-Length: 3\r\n") + b"abc", [PAGE]),
    "a query that is no query": (lambda it: it.get("viewer"), []),
    "a query that is not plain": (lambda it: it.get("viewer=v&size=no"), []),
    "a viewer who is refused": (lambda it: it.get("viewer=bad"), []),
    "a page that fails": (lambda it: it.get("viewer=broken"), []),
    "a key that is not known": (lambda it: it.get().replace(it.secret.encode(), b"fr_live_x"), []),
    "a key that is none": (lambda it: it.get().replace(b"Bearer ", b"Basic "), []),
    "another host": (lambda it: it.get().replace(b"localhost", b"evil.example"), []),
    "no host": (lambda it: it.get().replace(b"Host: localhost\r\n", b""), []),
    "only the head": (lambda it: it.get().replace(b"GET", b"HEAD"), []),
    "another path": (lambda it: it.get().replace(b"/feed", b"/feeds"), []),
    "another protocol": (lambda it: it.get(more="Connection: Upgrade\r\nUpgrade: h2c\r\n"), [PAGE]),
    "a batch": (lambda it: it.post(like("e1")), [EVENTS]),
    "a batch of nothing": (lambda it: it.post(b'{"events": []}'), [EVENTS]),
    "a batch with events that are refused": (lambda it: it.post(like("e1", post="none")), [EVENTS]),
    "an event that is not well-formed": (lambda it: it.post(b'{"events": [{"id": 7}]}'), [EVENTS]),
    "a batch that is no JSON": (lambda it: it.post(b'{"events": '), []),
    "a batch in another form": (lambda it: it.post(b"[]"), []),
    "a batch that is long": (lambda it: it.post(like("e1") + b" " * 70_000), []),
    "a batch to another host": (lambda it: it.post(like("e1")).replace(b"localhost", b"evil.example"), []),
    "a batch of a client that waits for leave": (
        lambda it: it.post(like("e1"), more="Expect: 100-continue\r\n"), []
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SAID)
def test_the_answer_is_the_same_on_either_way(what: str, tmp_path: Path, begun: list[str]) -> None:
    asks, straight_ones = SAID[what]

    async def story(way: type[HttpToolsProtocol]) -> tuple[bytes, bool, list[str]]:
        it = running(way, tmp_path)
        it.hears(asks(it))
        return await it.answers(), it.to.closed, it.feed.made

    through, straightly = (asyncio.run(story(way)) for way in WAYS)
    assert straightly == through
    assert begun == straight_ones
    assert through[0].startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_may_not_do_it_is_refused(way: type[HttpToolsProtocol], tmp_path: Path, begun: list[str]) -> None:
    async def story() -> bytes:
        it = running(way, tmp_path)
        keys = it.services.api_keys
        it.secret = keys.create(ADMINISTRATOR, name="reader", scopes=(Scope.FEED_READ,), now=clock()).secret
        keys.authenticate(it.secret, Scope.FEED_READ, now=clock())
        it.hears(it.post(like("e1")))
        return await it.answers()

    assert asyncio.run(story()).startswith(b"HTTP/1.1 403 ")
    assert begun == []


@pytest.mark.parametrize("way", WAYS)
def test_who_is_turned_away_hears_it_and_nothing_is_made(
    way: type[HttpToolsProtocol], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowded(*_: Any, **__: Any) -> Any:
        raise Busy("more are asked for than this process can serve", 1.0)

    monkeypatch.setattr("core.api.group_pages.GroupPages.page", crowded)
    monkeypatch.setattr("core.api.group_write.GroupWrite.taken_in", crowded)

    async def story(asks: Story) -> tuple[bytes, list[str], list[Any]]:
        it = running(way, tmp_path)
        it.hears(asks(it))
        return await it.answers(), it.feed.made, it.services.stores.log.replay("viewer-events")

    for asks in (lambda it: it.get(), lambda it: it.post(like("e1"))):
        said, made, logged = asyncio.run(story(asks))
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in said
        assert b"\r\nx-content-type-options: nosniff\r\n" in said
        assert said.count(b"HTTP/1.1") == 1
        assert (made, logged) == ([], [])


def test_the_work_is_done_once_where_the_straight_way_ends_with_an_error(tmp_path: Path, begun: list[str]) -> None:
    async def story() -> list[str]:
        it = running(Straight, tmp_path)
        it.hears(it.get("viewer=broken"))
        await it.answers()
        return it.feed.made

    assert asyncio.run(story()) == ["broken"]


def test_a_key_that_is_not_remembered_is_looked_up_once_and_spent_once(tmp_path: Path, begun: list[str]) -> None:
    async def story() -> tuple[bytes, int]:
        it = running(Straight, tmp_path)
        it.services.api_keys = keys = ApiKeys(it.services.stores, it.services.audit)
        it.hears(it.get())
        first = await it.answers()
        it.hears(it.get())
        await it.answers(2)
        (allowance,) = keys._allowances.values()
        return first, allowance.left

    first, left = asyncio.run(story())
    assert first.startswith(b"HTTP/1.1 200 ")
    assert left == 60_000 // 100 - 2
    assert begun == [PAGE]
