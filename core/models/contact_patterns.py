"""Contact details and personal data in a text: Indian phone numbers, e-mail and UPI addresses, links, chat invites."""

from __future__ import annotations

import re

from core.domain.review import TextMatch
from core.models.text_folding import fold

SCORE = 0.5
"""What contact or personal data is worth as a signal: enough for a person to look, whoever the publisher is."""

_GAP = r"[ .\-]?"
_DIGIT_GAP = r"[ .\-_]{1,2}"
_PREFIX = rf"(?:(?:\+|00)?91{_GAP}|0{_GAP})?"
_NUMBERS = "|".join(
    (
        rf"[6-9]\d{{4}}{_GAP}\d{{5}}",
        rf"[6-9]\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}",
        rf"[6-9]\d{{2}}{_GAP}\d{{3}}{_GAP}\d{{4}}",
        rf"[6-9]\d{{1}}{_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP}\d{{2}}{_GAP}\d{{2}}",
        rf"[6-9](?:{_DIGIT_GAP}\d){{9}}",
    )
)
_UPI_BANKS = (
    "okaxis|oksbi|okhdfcbank|okicici|ybl|ibl|axl|paytm|upi|apl|axisbank|hdfcbank|icici|sbi|kotak|fbl|airtel|jio|ptyes|"
    "ptaxis|pthdfc|ptsbi|yapl|rapl|idfcbank|indus|federal|pnb|barodampay|cnrb|naviaxis|slice|superyes|waaxis|wahdfcbank"
)
_DOMAINS = "com|net|org|shop|store|xyz|info|online|biz|club|site|ua|app|link"
_SHORT_DOMAINS = "in|co|me|io|ly|gl|gg|to"
_AT = r"(?:@|\s?[\[(]\s?at\s?[\])]\s?|\s+at\s+)"
_DOT = r"(?:\.|\s?[\[(]\s?dot\s?[\])]\s?|\s+dot\s+)"
_MAIL_HOSTS = "gmail|yahoo|hotmail|outlook|rediffmail|protonmail|icloud|ukr"

_EMAIL = (
    r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
    rf"|[\w.+-]{{2,64}}{_AT}(?:{_MAIL_HOSTS}){_DOT}[a-z]{{2,5}}"
)
_UPI = rf"(?<![\w.@])[\w.\-]{{2,64}}@(?:{_UPI_BANKS})\b(?!\.)"
_CHAT = r"\b(?:wa\.me|api\.whatsapp\.com|chat\.whatsapp\.com|t\.me|telegram\.me|m\.me|viber\.click)(?:/\S*)?"
_LINK = (
    r"\bhttps?://\S+|\bwww\.\S+"
    rf"|(?<![\w@.])(?:[a-z0-9][a-z0-9-]*\.)+(?:(?:{_DOMAINS})\b(?:/\S*)?|(?:{_SHORT_DOMAINS})/\S+|co\.in\b(?:/\S*)?)"
)
_PHONE = (
    r"(?<![\d.,₹$])(?<!₹ )(?<!\d[ .,\-])"
    rf"{_PREFIX}(?:{_NUMBERS})"
    r"(?![\w%])(?![.,]\d)(?![ \-]\d{4,})"
)
_AADHAAR = r"(?<!\d)(?<!\d[ -])[2-9]\d{3}[ -]\d{4}[ -]\d{4}(?![ -]?\d)"

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(_EMAIL)),
    ("upi", re.compile(_UPI)),
    ("chat_link", re.compile(_CHAT)),
    ("link", re.compile(_LINK)),
    ("phone", re.compile(_PHONE)),
    ("aadhaar", re.compile(_AADHAAR)),
)
"""Tried on the folded text in this order; a place is named by the first that fits."""


def find_contacts(text: str) -> list[TextMatch]:
    """Contact details and personal data in `text`, in order; digits of any script count, invisible characters do not."""
    folded = fold(text)
    taken: list[tuple[int, int]] = []
    found: list[TextMatch] = []
    for name, pattern in PATTERNS:
        for hit in pattern.finditer(folded.text):
            first, last = hit.start(), hit.start() + len(hit.group().rstrip(".,;:!?) "))
            if all(last <= other_first or first >= other_last for other_first, other_last in taken):
                taken.append((first, last))
                start, end = folded.span(first, last)
                found.append(TextMatch(start=start, end=end, term=name, list="contact", severity=1, score=SCORE))
    return sorted(found, key=lambda match: match.start)
