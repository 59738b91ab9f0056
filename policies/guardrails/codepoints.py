"""One table of code-point classes: what is invisible, what reorders text, what imitates a letter."""

import re
from collections.abc import Mapping
from types import MappingProxyType

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "zero-width character": "\u200b\u2060-\u2064\ufeff\u180e\u034f\u115f\u1160\u3164\uffa0",
        "zero-width joiner outside emoji": "\u200c\u200d",
        "soft hyphen": "\u00ad",
        "bidirectional control": "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
        "tag character": "\U000e0000-\U000e007f",
        "variation selector run": "\ufe00-\ufe0e\U000e0100-\U000e01ef",
        "private-use character": "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd",
        "control character": "\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x84\x86-\x9f",
    }
)
"""Name of the class -> the inside of a regular-expression character set."""

INVISIBLE = re.compile("[" + "".join(CLASSES.values()) + "\ufe0f]")
EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u20e3\u2122-\u21aa\u2300-\u27bf\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
JOINING_SCRIPTS = "\u0600-\u06ff\u0750-\u077f\u0900-\u0dff"  # Arabic and Indic scripts need joiners in ordinary words
ORDINARY_JOINER = re.compile(
    f"(?<=[{EMOJI}\ufe0f])\u200d(?=[{EMOJI}])|(?<=[{JOINING_SCRIPTS}])[\u200c\u200d](?=[{JOINING_SCRIPTS}])"
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007f]{4,7}|(?<=[#*0-9])\ufe0f"
)
"""Joiners inside emoji sequences and inside scripts that need them, and the tags of the three regional flags."""
ORDINARY_DIRECTION = re.compile("[\u0590-\u08ff]")
"""Right-to-left letters: a text that holds some may need direction marks."""

HOMOGLYPHS: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "аеорсухіјѕһԁԛԝвкмтнАВЕКМНОРСТУХІЈЅαοερτυνικχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
            "aeopcyxijshdqwbkmthABEKMHOPCTYXIJSaoeptuvikxABEZHIKMNOPTYX",
            strict=True,
        )
    )
)
"""Cyrillic and Greek letters that look like Latin ones; folded only inside words of mixed script."""

WORD = re.compile(r"[^\W\d_]+")
LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
CYRILLIC_OR_GREEK = re.compile("[\u0370-\u03ff\u0400-\u052f]")


def mixed_script(word: str) -> bool:
    """True when one word holds Latin letters beside look-alikes from another alphabet."""
    return (
        not word.isascii()
        and LATIN.search(word) is not None
        and CYRILLIC_OR_GREEK.search(word) is not None
        and any(c in HOMOGLYPHS for c in word)
    )
