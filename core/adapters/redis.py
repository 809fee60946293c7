"""Live state on Redis or Valkey 7 and later: sessions, rate limits, viewer states, trending counters, signals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.adapters.redis_link import PREFIX, Link, connect
from core.adapters.redis_signals import RedisSignals
from core.adapters.redis_viewers import RedisViewerStates
from core.adapters.redis_wire import packed
from core.domain.account import Session
from core.domain.ids import Millis
from core.domain.ports.live import TREND_HALF_LIFE, Live

MOST_TRENDING = 5_000
"""Posts that keep a counter; the lowest make room."""

# One hash per name {w: window, n: count}; a clock that lags behind the window held counts into that one.
_HIT = """
local window = math.floor(tonumber(ARGV[1]) / tonumber(ARGV[2]))
local held = tonumber(redis.call('HGET', KEYS[1], 'w') or '-1')
if window > held then
  redis.call('HSET', KEYS[1], 'w', string.format('%.0f', window), 'n', '0')
  redis.call('PEXPIRE', KEYS[1], 2 * tonumber(ARGV[2]))
else
  window = held
end
return {redis.call('HINCRBY', KEYS[1], 'n', ARGV[3]), window}
"""

# Forward decay (Cormode et al. 2009): a bump at t adds score * 2^((t - landmark) / half life), so that scores keep their order
# for ever and are never rewritten; a reader divides by 2^((latest - landmark) / half life). After 64 half lives the landmark
# moves and all are scaled once, long before a double would overflow (1,024); what has faded below 1e-6 is dropped.
_BUMP_TRENDING = """
local now, half = tonumber(ARGV[1]), tonumber(ARGV[2])
local landmark = tonumber(redis.call('HGET', KEYS[2], 'landmark') or ARGV[1])
local latest = tonumber(redis.call('HGET', KEYS[2], 'latest') or ARGV[1])
if (now - landmark) / half > 64 then
  local factor = string.format('%.17g', 2 ^ ((landmark - now) / half))
  redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', factor)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], -1e-6, 1e-6)
  landmark = now
end
local growth = 2 ^ ((now - landmark) / half)
for i = 4, #ARGV, 2 do
  redis.call('ZINCRBY', KEYS[1], string.format('%.17g', tonumber(ARGV[i + 1]) * growth), ARGV[i])
end
local surplus = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
if surplus > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, surplus - 1) end
redis.call('HSET', KEYS[2], 'landmark', string.format('%.0f', landmark),
  'latest', string.format('%.0f', math.max(latest, now)))
"""


def open_live(url: str | None, data: Path) -> RedisLive:
    """The live store at `url`, or on the data folder's embedded Valkey. Raises Unavailable if that cannot be started."""
    return RedisLive(connect(url, data))


class RedisSessions:
    """A key per session that expires by itself, and per account an index by expiry."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def save(self, session: Session) -> None:
        def work(client: Any) -> None:
            pipe = client.pipeline(transaction=True)
            index = f"{PREFIX}sessions:{session.account}"
            pipe.set(_session_key(session.key), msgspec.json.encode(session), pxat=session.expires_at)
            pipe.zadd(index, {session.key: session.expires_at})
            pipe.zremrangebyscore(index, "-inf", session.created_at)
            pipe.pexpireat(index, session.expires_at, nx=True)
            pipe.pexpireat(index, session.expires_at, gt=True)
            pipe.execute()

        self._link.call(work)

    def find(self, key: str) -> Session | None:
        blob = self._link.call(lambda client: client.get(_session_key(key)))
        return None if blob is None else msgspec.json.decode(blob, type=Session)

    def revoke(self, key: str) -> None:
        self._link.call(lambda client: client.delete(_session_key(key)))

    def revoke_account(self, account: str) -> int:
        index = f"{PREFIX}sessions:{account}"
        keys = self._link.call(lambda client: client.zrange(index, 0, -1))
        if not keys:
            return 0
        gone = self._link.call(lambda client: client.delete(*(_session_key(key.decode()) for key in keys)))
        self._link.call(lambda client: client.zrem(index, *keys))
        return int(gone)


class RedisRateLimits:
    """Fixed windows, counted in one script."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._hit = link.script(_HIT)

    def hit(self, name: str, *, limit: int, window_ms: int, now: int, cost: int = 1) -> float:
        count, window = self._hit([_limit_key(name)], [now, window_ms, cost])
        return 0.0 if count <= limit else max((window + 1) * window_ms - now, 1) / 1000

    def reset(self, name: str) -> None:
        self._link.call(lambda client: client.delete(_limit_key(name)))


class RedisTrending:
    """A sorted set in forward decay, bounded in size."""

    SCORES = f"{PREFIX}{{trending}}:scores"
    CLOCK = f"{PREFIX}{{trending}}:clock"

    def __init__(self, link: Link, half_life: Millis = TREND_HALF_LIFE, most: int = MOST_TRENDING) -> None:
        self._link = link
        self._half_life, self._most = half_life, most
        self._bump = link.script(_BUMP_TRENDING)

    def bump(self, scores: Mapping[str, float], *, now: int) -> None:
        if scores:
            pairs = [item for post, score in scores.items() for item in (post, repr(float(score)))]
            self._bump([self.SCORES, self.CLOCK], [now, self._half_life, self._most, *pairs])

    def top(self, count: int) -> dict[str, float]:
        return self.answer(*self._link.ask(self.question(count), 2)) if count > 0 else {}

    def clear(self) -> None:
        self._link.call(lambda client: client.delete(self.SCORES, self.CLOCK))

    def question(self, count: int) -> bytes:
        """The two commands that `answer` reads, packed."""
        top = packed("ZREVRANGEBYSCORE", self.SCORES, "+inf", "(0", "WITHSCORES", "LIMIT", 0, count)
        return top + packed("HMGET", self.CLOCK, "landmark", "latest")

    def answer(self, pairs: list[bytes], clock: list[bytes | None]) -> dict[str, float]:
        """Scores as of the latest bump, highest first; `pairs` are posts and scores in turn."""
        landmark, latest = (int(value or 0) for value in clock)
        fade = 0.5 ** ((latest - landmark) / self._half_life)
        return {post.decode(): float(score) * fade for post, score in zip(pairs[::2], pairs[1::2], strict=True)}


class RedisLive(Live):
    """All of it over one client."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sessions = RedisSessions(link)
        self._limits = RedisRateLimits(link)
        self._trending = RedisTrending(link)
        self._viewers = RedisViewerStates(link, self._trending)
        self._signals = RedisSignals(link)

    @property
    def sessions(self) -> RedisSessions:
        return self._sessions

    @property
    def limits(self) -> RedisRateLimits:
        return self._limits

    @property
    def viewers(self) -> RedisViewerStates:
        return self._viewers

    @property
    def trending(self) -> RedisTrending:
        return self._trending

    @property
    def signals(self) -> RedisSignals:
        return self._signals

    def ping(self) -> None:
        self._link.call(lambda client: client.ping())

    def close(self) -> None:
        self._signals.close()
        self._link.close()


def _session_key(key: str) -> str:
    return f"{PREFIX}session:{key}"


def _limit_key(name: str) -> str:
    return f"{PREFIX}limit:{name}"
