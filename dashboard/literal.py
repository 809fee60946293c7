"""Words of people inside Markdown: shown as they were written, never as Markdown."""

from __future__ import annotations

import re

_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-!|<>:$~.&@])")


def literal(text: str) -> str:
    """The text on one line, with every sign that Markdown reads made harmless.

    >>> literal("50% *off* [here](http://x)")
    '50% \\\\*off\\\\* \\\\[here\\\\]\\\\(http\\\\://x\\\\)'
    """
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))
