"""Numbers of tests in words that a product manager can read."""

from __future__ import annotations

import math

SMALLEST = 0.0001


def p_in_words(p: float) -> str:
    """A p-value: "p below 0.0001", "p = 0.012"; "p not known" for NaN.

    >>> p_in_words(4.6e-9), p_in_words(0.0123), p_in_words(0.5)
    ('p below 0.0001', 'p = 0.012', 'p = 0.5')
    """
    if math.isnan(p):
        return "p not known"
    return f"p below {SMALLEST:g}" if p < SMALLEST else f"p = {p:.2g}"
