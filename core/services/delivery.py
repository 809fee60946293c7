"""Media addresses that only Feedroom can make: signed, expiring, and shared by a whole folder so that HLS plays."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from core.domain.errors import Forbidden
from core.domain.feed import MediaLinks
from core.domain.ids import HOUR, SECOND, Millis
from core.domain.ports.objects import LONGEST_KEY
from core.domain.post import Media

LIFETIME: Millis = 12 * HOUR
_TOKEN: Final = re.compile(r"([0-9]{1,12})-([0-9a-f]{32})")
_WRONG: Final = "this media address is not valid"


class Delivery:
    """Sign and check `/media/{expiry}-{signature}/{prefix}/{name}`.

    The signature covers expiry and prefix, so relative names in a playlist stay valid. Expiry is rounded up to a full hour:
    the same post has the same address for an hour and caches can hold it.
    """

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"feedroom media" + secret.encode()).digest()

    def url(self, prefix: str, name: str, *, now: Millis) -> str:
        """The signed path of object `prefix/name`; "" if `name` is empty."""
        return f"{self._folder(prefix, now)}{name}" if name else ""

    def links(self, media: Media | None, *, now: Millis) -> MediaLinks:
        """All addresses of a post's media."""
        if media is None:
            return MediaLinks()
        folder = self._folder(media.prefix, now)
        poster, preview, clip, hls = [
            folder + name if name else "" for name in (media.poster, media.preview, media.clip, media.hls)
        ]
        return MediaLinks(
            poster=poster,
            preview=preview,
            clip=clip,
            hls=hls,
            width=media.width,
            height=media.height,
            duration=media.duration,
        )

    def check(self, token: str, key: str, *, now: Millis) -> None:
        """Raise Forbidden unless `token` was made for a folder that holds `key` and has not expired."""
        found = _TOKEN.fullmatch(token)
        if found is None or len(key) > LONGEST_KEY:
            raise Forbidden(_WRONG)
        expiry, signature = int(found[1]), found[2]
        if expiry * SECOND < now:
            raise Forbidden("this media address has expired; load the page again")
        folder = key
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if hmac.compare_digest(signature, self._signature(expiry, folder)):
                return
        raise Forbidden(_WRONG)

    def _folder(self, prefix: str, now: Millis) -> str:
        """The signed path of what is below `prefix`."""
        expiry = -(-(now + LIFETIME) // HOUR) * HOUR // SECOND
        return f"/media/{expiry}-{self._signature(expiry, prefix)}/{prefix}/"

    def _signature(self, expiry: int, prefix: str) -> str:
        return hmac.digest(self._key, f"{expiry}:{prefix}".encode(), "sha256")[:16].hex()
