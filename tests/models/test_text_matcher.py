"""The text matcher finds listed words through every disguise, and lets innocent texts pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.contact_patterns import find_contacts
from core.models.text_matcher import default_matcher
from tests.models.innocent_texts import INNOCENT

MATCHER = default_matcher()
WORDS = [
    ("fuck", "profanity"), ("motherfucker", "profanity"), ("porn", "sexual"), ("cocaine", "drugs"), ("bitch", "mild_profanity"),
    ("chutiya", "profanity"), ("madarchod", "abuse"), ("bhenchod", "abuse"), ("चूतिया", "profanity"), ("मादरचोद", "abuse"),
    ("пиздець", "profanity"), ("хуйня", "profanity"), ("кокаїн", "drugs"),
]  # fmt: skip
LATIN_SIGNS = {"a": "a@4", "e": "e3€", "i": "i1!", "o": "o0", "s": "s$5", "t": "t7+", "b": "b8", "l": "l1|"}
INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\ufe0f"]


def lists(text: str) -> set[str]:
    return {match.list for match in MATCHER.find(text)}


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str, str]:
    """A listed word in one disguise, the word and its list."""
    word, name = draw(st.sampled_from(WORDS))
    way = draw(st.sampled_from(["capitals", "repeated", "spaced", "dotted", "signs", "invisible", "wide"]))
    if way == "capitals":
        flips = draw(st.lists(st.booleans(), min_size=len(word), max_size=len(word)))
        return "".join(c.upper() if flip else c for c, flip in zip(word, flips, strict=True)), word, name
    if way == "repeated":
        place = draw(st.integers(0, len(word) - 1))
        return word[:place] + word[place] * draw(st.integers(3, 6)) + word[place + 1 :], word, name
    if way in ("spaced", "dotted"):
        return (
            draw(st.sampled_from([" ", "  "] if way == "spaced" else [".", "-", "_", "*"])).join(_letters(word)),
            word,
            name,
        )
    if way == "signs" and set(word) & set(LATIN_SIGNS):
        places = [i for i, c in enumerate(word) if c in LATIN_SIGNS]
        chosen = draw(st.lists(st.sampled_from(places), max_size=len(word) // 2, unique=True))
        return (
            "".join(draw(st.sampled_from(LATIN_SIGNS[c])) if i in chosen else c for i, c in enumerate(word)),
            word,
            name,
        )
    if way == "wide" and word.isascii():
        return "".join(chr(ord(c) + 0xFEE0) for c in word), word, name
    place = draw(st.integers(1, len(word) - 1))
    return word[:place] + draw(st.sampled_from(INVISIBLE)) * draw(st.integers(1, 3)) + word[place:], word, name


def _letters(word: str) -> list[str]:
    """Letters as a reader sees them: a Devanagari sign stays with its letter."""
    parts: list[str] = []
    for character in word:
        if parts and "\u093a" <= character <= "\u094f":
            parts[-1] += character
        else:
            parts.append(character)
    return parts


@given(disguised())
def test_a_disguised_word_is_found(case: tuple[str, str, str]) -> None:
    text, _, name = case
    assert name in lists(text)


@given(disguised(), st.sampled_from(["lovely {} here", "({})", "#{}", "so {}!!", "“{}”, he said", "{}\nnew line"]))
def test_a_disguised_word_is_found_inside_a_sentence_and_its_span_covers_it(
    case: tuple[str, str, str], frame: str
) -> None:
    text, word, name = case
    sentence = frame.format(text)
    found = [match for match in MATCHER.find(sentence) if match.list == name]
    assert found, sentence
    start = frame.index("{")
    assert any(match.start >= start and match.end <= start + len(text) + 1 for match in found), (sentence, word, found)


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_text_passes(text: str) -> None:
    assert MATCHER.find(text) == []
    assert find_contacts(text) == []


@given(st.lists(st.sampled_from(INNOCENT), min_size=2, max_size=4), st.sampled_from([". ", "\n", "! ", " | "]))
def test_innocent_texts_stay_innocent_together(texts: list[str], between: str) -> None:
    assert MATCHER.find(between.join(texts)) == []


@given(st.text(max_size=300))
def test_any_text_is_read_and_every_span_lies_within_it(text: str) -> None:
    for match in (*MATCHER.find(text), *find_contacts(text)):
        assert 0 <= match.start < match.end <= len(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1st c0py Rolex", "counterfeit"),
        ("#firstcopy shoes", "counterfeit"),
        ("Lose 10 kg in 7 days", "medical_claim"),
        ("यह तेल 7 दिन में गोरा करे", "medical_claim"),
        ("мінус 5 кг за тиждень", "medical_claim"),
        ("roz 500 kamao", "money_claim"),
        ("DM for price, dear", "contact"),
        ("e-cigarettes in stock", "regulated_goods"),
        ("Sasta daru yahan", "regulated_goods"),
    ],
)
def test_goods_and_claims_are_found(text: str, name: str) -> None:
    assert name in lists(text)


@pytest.mark.parametrize(
    ("innocent", "guilty"),
    [
        ("pussy willow in a vase", "pussy in a vase"),
        ("nude lipstick, matte", "nude in the bath"),
        ("कुत्ते का खाना अब सस्ता", "तू कुत्ते जैसा है"),
        ("ivory silk saree", "ivory carved tusk"),
        ("replica jersey of the national team", "replica watch"),
        ("UV lamp cures gel polish in 60 s", "this tea cures everything"),
        ("порода сука, щеня 3 місяці", "ну ти і сука"),
    ],
)
def test_the_words_around_decide(innocent: str, guilty: str) -> None:
    assert lists(innocent) == set()
    assert lists(guilty)


def test_severity_and_language_come_with_a_match() -> None:
    (match,) = MATCHER.find("tu chutiya hai")
    assert (match.start, match.end, match.severity, match.language) == (3, 10, 2, "hinglish")


def test_look_alike_letters_of_another_alphabet_are_seen_through() -> None:
    assert "profanity" in lists("fuсk")
    assert "profanity" in lists("xуйня")


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("Call +91 98765 43210 today", "phone", "+91 98765 43210"),
        ("number 098765-43210", "phone", "098765-43210"),
        ("9 8 7 6 5 4 3 2 1 0", "phone", "9 8 7 6 5 4 3 2 1 0"),
        ("98765\u200b43210", "phone", "98765\u200b43210"),
        ("फोन ९८७६५४३२१०", "phone", "९८७६५४३२१०"),
        ("mail Ravi.K@shop.co.in.", "email", "Ravi.K@shop.co.in"),
        ("ravi at gmail dot com", "email", "ravi at gmail dot com"),
        ("pay ravi.k@okaxis now", "upi", "ravi.k@okaxis"),
        ("chat wa.me/919876543210", "chat_link", "wa.me/919876543210"),
        ("see https://example.com/x?y=1!", "link", "https://example.com/x?y=1"),
        ("shop at myshop.in/sale", "link", "myshop.in/sale"),
        ("my card 2345 6789 0123", "aadhaar", "2345 6789 0123"),
    ],
)
def test_contact_details_are_found(text: str, term: str, found: str) -> None:
    (match,) = find_contacts(text)
    assert (match.term, text[match.start : match.end], match.list) == (term, found, "contact")
