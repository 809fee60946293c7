"""What screening costs: the text matcher and contact patterns per caption, the bank of known pictures per question."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence

from core.domain.moderation import BankList, KnownHash
from core.models.contact_patterns import find_contacts
from core.models.hash_bank import HashBank
from core.models.text_matcher import default_matcher
from tests.benchmarks.harness import Report, median, p99, run, time_each

CAPTIONS = {
    "English": "Soft linen shirt for summer days. Pairs with our wide trousers, sizes S to XXL, ₹1,499 until Sunday! #linen #ootd ",
    "Hinglish": "Diwali ke liye sabse sundar kurta, sirf 499 mein. Jaldi karo, size kam bache hain! #diwali #kurta #festive ",
    "Hindi": "गर्मी के लिए हल्की सूती साड़ी, अब केवल ₹1,499 में। ब्लाउज़ पीस साथ में, सात रंगों में उपलब्ध। ",
    "Ukrainian": "Літня сукня з льону, усі розміри, знижка 30% до неділі. Пасує до сандалів і капелюха. #льон #літо ",
    "disguised": "f u c k this ch u t i y a copy, f1rst c0py maal, c.a.l.l 9 8 7 6 5 4 3 2 1 0 x у й н я b!tch ",
}
LENGTH = 300


def measure(report: Report, options: argparse.Namespace) -> None:
    """Captions of 300 characters; a bank of 100,000 pictures."""
    matcher = default_matcher()
    for language, text in CAPTIONS.items():
        caption = (text * 5)[:LENGTH]
        for name, work in (("matcher", matcher.find), ("contacts", find_contacts)):
            seconds = time_each(lambda work=work, caption=caption: work(caption), repeat=2_000, warm_up=100)  # type: ignore[misc]
            report.add(f"{language}, {LENGTH} characters", f"{name}, median", median(seconds) * 1e6, "µs")
            report.add(f"{language}, {LENGTH} characters", f"{name}, p99", p99(seconds) * 1e6, "µs")
    chance = random.Random(7)
    bank = HashBank(
        KnownHash(id=str(number), bank=BankList.BLOCK, dhash=f"{chance.getrandbits(64):016x}")
        for number in range(100_000)
    )
    seconds = time_each(lambda: bank.nearest_blocked(f"{chance.getrandbits(64):016x}"), repeat=500, warm_up=20)
    report.add("bank of 100,000 pictures", "nearest, median", median(seconds) * 1e6, "µs")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return run("screening", measure, argv)


if __name__ == "__main__":
    sys.exit(main())
