"""Pairs of words of which one in the place of the other turns a clause round."""

import re

OPPOSITES = (
    ("before", "after"),
    ("at least", "at most"),
    ("minimum", "maximum"),
    ("above", "below"),
    ("over", "under"),
    ("more than", "less than"),
    ("inside", "outside"),
    ("first", "last"),
    ("accept", "reject"),
    ("include", "exclude"),
    ("enable", "disable"),
    ("lock", "unlock"),
    ("oldest", "newest"),
    ("public", "private"),
    ("vor", "nach"),
    ("mindestens", "höchstens"),
    ("über", "unter"),
    ("allow", "deny"),
    ("mask", "unmask"),
    ("encrypt", "decrypt"),
    ("opt in", "opt out"),
    ("highest", "lowest"),
    ("earlier", "later"),
    ("hide", "show"),
    ("with", "without"),
    ("mit", "ohne"),
)


OPPOSITE_WORDS = re.compile(
    r"\b(?:" + "|".join(sorted({w for p in OPPOSITES for w in p}, key=len, reverse=True)) + r")\b"
)
