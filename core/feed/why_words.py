"""Reasons against a post in words, with the names and numbers behind them."""

from __future__ import annotations

import numpy as np

from core.domain.post import Post
from core.feed.query import FeedQuery


def reason_in_words(query: FeedQuery, row: int, reason: str) -> str:
    """A reason of `FeedQuery.reasons` with what it is about."""
    index = query.index
    if reason == "no longer live":
        return "The feed has taken it out: it is no longer live."
    if reason == "out of stock":
        return "None of the products that it links is in stock."
    if reason == "another region":
        return f"It is for {index.regions.names[index.region[row]]}; the page is for {query.region}."
    if reason == "another language":
        return (
            f"It is in {index.languages.names[index.language[row]]}; only {', '.join(query.languages)} was asked for."
        )
    if reason == "publisher not wanted":
        affinity = float(query.publisher_affinity(np.array([row], np.int32))[0])
        return f"The viewer keeps turning away from its publisher (affinity {affinity:.1f}), so its posts are left out for a while."
    return f"It may not be shown to this viewer: {reason}."


def seen_in_words(query: FeedQuery, id: str) -> str:
    """When the viewer was shown a post, as far as their state tells."""
    since = len(query.viewer.seen) - query.viewer.seen.index(id) - 1
    told = "it was the last one" if since == 0 else f"{since:,} post{'s' * (since > 1)} ago"
    acts = [act for act in query.viewer.recent if act.post == id]
    acted = f"; they acted on it {_ago(query.now - acts[-1].at)} ago" if acts else ""
    return f"This viewer was shown it already: {told}{acted}. It comes again when nothing new is left."


def _ago(millis: int) -> str:
    minutes = max(millis // 60_000, 0)
    for unit, size in (("day", 1_440), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            return f"{minutes // size} {unit}{'s' * (minutes // size > 1)}"
    return "less than a minute"


def status_in_words(post: Post) -> str:
    """The status within a sentence."""
    return post.status.label[:1].lower() + post.status.label[1:]
