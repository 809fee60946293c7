"""Words of people inside Markdown: shown as they were written, never as Markdown."""

from __future__ import annotations

import re

_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-!|<>:$~.&@])")
_JOINED = re.compile(r"(?i)(?<=:)(?=//|[\w+/-]+:)|(?<=www)(?=\.)|(?<=\S)(?=@)")
"""Where a browser makes a link, an icon or an emoji of plain words after it has read the Markdown, so that a backslash is no help:
`https://`, `www.`, `name@`, `:material/verified:`. A word joiner there shows nothing and keeps it from that."""


def literal(text: str) -> str:
    """The text on one line, with every sign that Markdown reads made harmless, and no link or icon made of plain words.

    >>> literal("50% *off* [here](http://x)")
    '50% \\\\*off\\\\* \\\\[here\\\\]\\\\(http\\\\:\\u2060//x\\\\)'
    >>> literal("www.x.in a@x.in :material/verified: 10:30")
    'www\\u2060\\\\.x\\\\.in a\\u2060\\\\@x\\\\.in \\\\:\\u2060material/verified\\\\: 10\\\\:30'
    """
    return _SIGNS.sub(r"\\\1", _JOINED.sub("\u2060", " ".join(text.split())))
