"""Language of the text, unit by unit, and language the answers are asked for in."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from policies.guardrails.scene import Scene, finding
from policies.guardrails.word_lists import STOP_WORDS
from policies.verdict import Finding

SCRIPTS: Mapping[str, re.Pattern[str]] = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
}
NAMES = {
    "english": "en",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "swedish": "sv",
    "polish": "pl",
    "japanese": "ja",
    "chinese": "zh",
    "korean": "ko",
    "russian": "ru",
    "greek": "el",
    "arabic": "ar",
    "hebrew": "he",
    "hindi": "hi",
    "thai": "th",
    "turkish": "tr",
    "danish": "da",
    "norwegian": "no",
    "finnish": "fi",
    "czech": "cs",
    "deutsch": "de",
    "englisch": "en",
    "französisch": "fr",
    "spanisch": "es",
}
REPLY_IN = re.compile(
    (
        r"\b(?:answer|answers|reply|replies|respond|responses?|write|speak|output|translate|antworte|"
        r"schreibe)\b[^.;\n]{0,120}\b(?:in|into|auf|to)\s+(?:clear |plain |simple |formal |polite )?("
    )
    + "|".join(NAMES)
    + r")\b|\b("
    + "|".join(NAMES)
    + r") only\b|日本語|英語",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+")
ENOUGH_WORDS = 5


LANGUAGES_OF: Mapping[str, tuple[str, ...]] = {
    word: tuple(code for code, stop in STOP_WORDS.items() if word in stop)
    for word in frozenset().union(*STOP_WORDS.values())
}


@lru_cache(maxsize=8192)
def language_of(text: str) -> str | None:
    """ISO 639-1 code of a sentence, or None when it is too short or too mixed to say."""
    if not text.isascii():
        letters = sum(c.isalpha() for c in text)
        for code, pattern in SCRIPTS.items():
            hits = len(pattern.findall(text))
            if hits >= 4 and hits / max(1, letters) > (0.2 if code == "ja" else 0.5):
                return code
    words = WORD.findall(text.lower())
    if len(words) < ENOUGH_WORDS:
        return None
    counts = dict.fromkeys(STOP_WORDS, 0)
    for word in words:
        for code in LANGUAGES_OF.get(word, ()):
            counts[code] += 1
    best = max(counts, key=counts.__getitem__)
    second, top = sorted(counts.values())[-2:]
    return best if top >= 2 and top >= second + 2 and top / len(words) >= 0.15 else None


def languages(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts are in which language."""
    return Counter(code for code in (language_of(t) for t in texts) if code)


def check_language(scene: Scene) -> Iterator[Finding]:
    """New units in a language the prompt does not use, and a changed language of the answers."""
    known = set(languages(r.unit.text for r in scene.current.reads))
    wanted = scene.policy.language or scene.subject.metadata.get("language")
    known |= {str(wanted)} if wanted else set()
    whole = language_of(scene.current.clean.text)
    known |= {whole} if whole else set()
    if known:
        for read in scene.fresh:
            said = language_of(re.sub(r'"[^"]*"|\{[^}]*\}', " ", read.unit.text))
            if said and said not in known:
                yield finding(
                    "language",
                    "unit-language",
                    "flag",
                    f"a unit is in another language ({said}; the prompt is in {', '.join(sorted(known))})",
                    spans=[scene.candidate.unit_span(read.unit)],
                    fix_hint="Write it in the language of the prompt.",
                )
    before, after = (_reply_languages(d.clean.text) for d in (scene.current, scene.candidate))
    if after - before and not after - before <= known:
        yield finding(
            "language",
            "reply-language",
            "flag",
            f"answers are asked for in another language: {', '.join(sorted(after - before))}",
            fix_hint="Keep the language of the answers.",
        )
    elif {c for c in before - after if not _named(scene.candidate.clean.text, c)}:
        yield finding(
            "language",
            "reply-language",
            "flag",
            f"the language of the answers is no longer stated: {', '.join(sorted(before - after))}",
            fix_hint="Keep the language of the answers.",
        )


def _reply_languages(text: str) -> set[str]:
    found: set[str] = set()
    low = text.lower()
    if not any(name in low for name in (*NAMES, "日本語", "英語")):
        return found
    for match in REPLY_IN.finditer(text):
        name = next((g for g in match.groups() if g), None)
        found.add(NAMES[name.lower()] if name else {"日本語": "ja", "英語": "en"}[match.group()])
    return found


def _named(text: str, code: str) -> bool:
    return any(c == code and re.search(rf"\b{name}\b", text, re.IGNORECASE) for name, c in NAMES.items())
