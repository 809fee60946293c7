"""Numbers as text for people: Indian grouping, rupees, bytes, durations, how long ago, intervals. Unknown is a dash."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from core.domain.ids import DAY, HOUR, MINUTE, SECOND, Millis

UNKNOWN = "–"
INDIA = timezone(timedelta(hours=5, minutes=30), "IST")
_SIGNS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}


def number(value: float | None, digits: int = 0) -> str:
    """A number with Indian grouping.

    >>> number(1234567), number(-1234.5, 1), number(float("nan"))
    ('12,34,567', '−1,234.5', '–')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    whole, _, rest = f"{abs(value):.{digits}f}".partition(".")
    text = _grouped(whole) + (f".{rest}" if rest else "")
    return f"−{text}" if value < 0 and text.strip("0.,") else text


def money(minor: int | float | None, currency: str = "INR") -> str:
    """An amount of minor units (paise); the fraction is shown only if there is one.

    >>> money(12345600), money(49950), money(-500)
    ('₹1,23,456', '₹499.50', '−₹5')
    """
    if minor is None or not math.isfinite(minor):
        return UNKNOWN
    rounded = round(minor)
    text = number(abs(rounded) / 100, 0 if rounded % 100 == 0 else 2)
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{'−' if rounded < 0 else ''}{sign}{text}"


def short_number(value: float | None) -> str:
    """A count where space is short, in lakh and crore from 1,00,000 up.

    >>> short_number(950), short_number(12_400), short_number(250_000), short_number(31_000_000)
    ('950', '12.4K', '2.5 L', '3.1 Cr')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    for size, unit in ((10_000_000, " Cr"), (100_000, " L"), (1_000, "K")):
        if abs(value) >= size:
            return number(value / size, 1).removesuffix(".0") + unit
    return number(value)


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as a percentage.

    >>> percent(0.0482), percent(1, 0), percent(None)
    ('4.8%', '100%', '–')
    """
    return UNKNOWN if fraction is None or not math.isfinite(fraction) else f"{number(fraction * 100, digits)}%"


def interval(low: float | None, high: float | None, digits: int = 1, unit: str = "") -> str:
    """An interval of an estimate.

    >>> interval(-0.21, 1.4, unit="%")
    '−0.2 to 1.4%'
    """
    return f"{number(low, digits)} to {number(high, digits)}{unit}"


def size(count: float | None) -> str:
    """Bytes in binary units, as file managers name them.

    >>> size(0), size(1536), size(8 * 1024**2), size(1.5 * 1024**3)
    ('0 B', '1.5 KB', '8 MB', '1.5 GB')
    """
    if count is None or not math.isfinite(count):
        return UNKNOWN
    for unit, digits in (("B", 0), ("KB", 1), ("MB", 1), ("GB", 2)):
        if abs(count) < 1024 or unit == "GB":
            text = f"{count:,.{digits}f}"
            return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"
        count /= 1024
    raise AssertionError("the last unit takes all")


def clip_length(seconds: float | None) -> str:
    """The length of a clip as players show it.

    >>> clip_length(7.6), clip_length(75), clip_length(3725)
    ('0:08', '1:15', '1:02:05')
    """
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(span: Millis | float | None) -> str:
    """A span of time in its two largest units.

    >>> duration(80), duration(3_400), duration(95_000), duration(7_500_000), duration(200_000_000)
    ('80 ms', '3.4 s', '1 min 35 s', '2 h 5 min', '2 d 7 h')
    """
    if span is None or not math.isfinite(span):
        return UNKNOWN
    span = abs(span)
    if span < SECOND:
        return f"{span:.0f} ms"
    if span < MINUTE:
        return f"{span / SECOND:.1f}".removesuffix(".0") + " s"
    for unit, name, part, part_name in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", SECOND, "s"),
    ):
        if span >= unit:
            rest = int(span % unit // part)
            return f"{int(span // unit)} {name}" + (f" {rest} {part_name}" if rest else "")
    raise AssertionError("a minute is the smallest unit here")


def ago(at: Millis | None, now: Millis) -> str:
    """How long ago, or how soon.

    >>> ago(0, 30_000), ago(0, 12 * 60_000), ago(0, 3 * 3_600_000), ago(120_000, 0)
    ('just now', '12 min ago', '3 h ago', 'in 2 min')
    """
    if at is None:
        return UNKNOWN
    span = abs(now - at)
    if span < MINUTE:
        return "just now"
    for unit, name in ((365 * DAY, "y"), (30 * DAY, "mo"), (DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if span >= unit:
            text = f"{span // unit} {name}"
            return f"{text} ago" if at <= now else f"in {text}"
    raise AssertionError("a minute is the smallest unit")


def moment(at: Millis | None) -> str:
    """A point in time, in India.

    >>> moment(1_795_000_000_000)
    '18 Nov 2026, 16:36'
    """
    return UNKNOWN if at is None else f"{local(at):%-d %b %Y, %H:%M}"


def local(at: Millis) -> datetime:
    """A point in time as a datetime in India, for tables and charts."""
    return datetime.fromtimestamp(at / SECOND, UTC).astimezone(INDIA)


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> plural(1, "post"), plural(3, "post"), plural(0, "case")
    ('1 post', '3 posts', '0 cases')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def _grouped(digits: str) -> str:
    """Three digits, then pairs."""
    if len(digits) <= 3:
        return digits
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(pairs), tail])


_STATES: Final = {
    "DL": "Delhi", "GA": "Goa", "GJ": "Gujarat", "HP": "Himachal Pradesh", "HR": "Haryana", "KA": "Karnataka",
    "KL": "Kerala", "MH": "Maharashtra", "MP": "Madhya Pradesh", "PB": "Punjab", "RJ": "Rajasthan", "TG": "Telangana",
    "TN": "Tamil Nadu", "UP": "Uttar Pradesh", "WB": "West Bengal",
}  # fmt: skip


def region_name(code: str) -> str:
    """A region (ISO 3166-2) in words where it is known, else its code.

    >>> region_name("IN-DL"), region_name("IN"), region_name("UA-30")
    ('Delhi', 'India', 'UA-30')
    """
    country, _, state = code.partition("-")
    if country != "IN":
        return code
    return _STATES.get(state, code) if state else "India"
