"""Media over HTTP: signed addresses, ranges, validators."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from core.api.media import Span, Unsatisfiable, parse_range
from core.bootstrap import Services, clock
from core.domain.errors import Forbidden
from core.domain.ids import DAY, SECOND
from core.services.delivery import Delivery

DATA = bytes(range(256)) * 4_000


@pytest.fixture
def clip(services: Services) -> str:
    """The signed address of a stored clip."""
    services.stores.objects.put_bytes("posts/p1/m1/clip.mp4", DATA, "video/mp4")
    return services.delivery.url("posts/p1/m1", "clip.mp4", now=clock())


def test_a_clip_is_sent_whole_without_a_range(client: TestClient, clip: str) -> None:
    answer = client.get(clip)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"].startswith("private, max-age=")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-299999", 100, 299_999),
        ("bytes=1000000-", 1_000_000, len(DATA) - 1),
        ("bytes=-500", len(DATA) - 500, len(DATA) - 1),
        ("bytes=10-99999999", 10, len(DATA) - 1),
        ("bytes=-99999999", 0, len(DATA) - 1),
    ],
)
def test_a_range_is_sent_exactly(client: TestClient, clip: str, asked: str, first: int, last: int) -> None:
    answer = client.get(clip, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == DATA[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=9999999-", "bytes=-0"])
def test_a_range_outside_the_clip_is_not_satisfiable(client: TestClient, clip: str, asked: str) -> None:
    answer = client.get(clip, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=-", "bytes=9-3", "nonsense", "bytes=0-" + "9" * 5_000]
)
def test_a_range_that_is_not_understood_gets_the_whole_clip(client: TestClient, clip: str, asked: str) -> None:
    answer = client.get(clip, headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, len(DATA))


def test_head_tells_the_size_and_sends_nothing(client: TestClient, clip: str) -> None:
    answer = client.head(clip, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))


def test_what_the_browser_has_already_is_not_sent_again(client: TestClient, clip: str) -> None:
    etag = client.head(clip).headers["etag"]
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        assert client.get(clip, headers={"If-None-Match": header}).status_code == 304
    assert client.get(clip, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_range_of_another_version_gets_the_whole_clip(client: TestClient, clip: str) -> None:
    etag = client.head(clip).headers["etag"]
    assert client.get(clip, headers={"Range": "bytes=0-9", "If-Range": etag}).status_code == 206
    assert client.get(clip, headers={"Range": "bytes=0-9", "If-Range": '"older"'}).status_code == 200


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("hls-1/master.m3u8", "application/vnd.apple.mpegurl"),
        ("hls-1/720/s000.m4s", "video/iso.segment"),
        ("poster1.jpg", "image/jpeg"),
    ],
)
def test_one_signature_serves_all_that_lies_below_its_folder(
    client: TestClient, services: Services, clip: str, name: str, content_type: str
) -> None:
    services.stores.objects.put_bytes(f"posts/p1/m1/{name}", b"made", content_type)
    answer = client.get(clip.replace("clip.mp4", name))
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


def test_a_signature_of_one_post_opens_no_other(client: TestClient, services: Services, clip: str) -> None:
    services.stores.objects.put_bytes("posts/p2/m1/clip.mp4", b"secret", "video/mp4")
    services.stores.objects.put_bytes("uploads/u1/source", b"secret", "video/mp4")
    assert client.get(clip.replace("posts/p1", "posts/p2")).status_code == 403
    assert client.get(clip.partition("posts/")[0] + "uploads/u1/source").status_code == 403
    assert client.get(clip.replace("/clip.mp4", "/../../p2/m1/clip.mp4")).status_code in (403, 404)
    assert client.get(clip.replace("/clip.mp4", "/%2e%2e/%2e%2e/p2/m1/clip.mp4")).status_code in (403, 404, 422)


@pytest.mark.parametrize(
    "token",
    [
        "{expiry}-é{signature}",
        "{expiry}-" + "é" * 32,
        "²-{signature}",
        "٣{expiry}-{signature}",
        "9" * 5_000 + "-{signature}",
        "+{expiry}-{signature}",
        "{expiry}-{signature}\n",
        "{expiry}-",
        "{expiry}",
        "-",
        "nonsense",
        "\0",
    ],
)
def test_a_token_that_nobody_made_is_answered_like_a_wrong_signature(client: TestClient, clip: str, token: str) -> None:
    folder, made, path = clip.split("/", 3)[1:]
    expiry, signature = made.split("-")

    def answered(token: str) -> tuple[int, str]:
        got = client.get(f"/{folder}/{quote(token)}/{path}")
        return got.status_code, got.json()["detail"]

    wrong = answered(f"{expiry}-{'0' * len(signature)}")
    assert wrong[0] == 403
    assert answered(token.format(expiry=expiry, signature=signature)) == wrong


def test_no_folder_is_tried_of_a_key_that_no_object_can_have(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    sign = Delivery._signature

    def counted(self: Delivery, expiry: int, prefix: str) -> str:
        tried.append(prefix)
        return sign(self, expiry, prefix)

    monkeypatch.setattr(Delivery, "_signature", counted)
    token = f"{clock() // SECOND + 60}-{'0' * 32}"
    for key, folders in (("a/" * 255 + "b", 255), ("a/" * 20_000, 0)):
        tried.clear()
        with pytest.raises(Forbidden, match="not valid"):
            services.delivery.check(token, key, now=clock())
        assert len(tried) == folders


def test_an_address_expires(client: TestClient, services: Services, clip: str) -> None:
    old = services.delivery.url("posts/p1/m1", "clip.mp4", now=clock() - 2 * DAY)
    assert client.get(old).status_code == 403


def test_a_missing_object_is_not_found(client: TestClient, clip: str) -> None:
    assert client.get(clip.replace("clip.mp4", "none.mp4")).status_code == 404


def test_an_empty_object_has_no_ranges() -> None:
    with pytest.raises(Unsatisfiable):
        parse_range("bytes=0-", 0)
    assert parse_range("bytes=0-9", 100) == Span(0, 9)
