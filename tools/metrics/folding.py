"""Text as metrics compare it where case, spacing or punctuation shall not count."""

import re
import unicodedata

_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"\w+")


def folded(text: str, *, case: bool = True, space: bool = True, punctuation: bool = True, accents: bool = False) -> str:
    """The text in Unicode's compatibility form (NFKC), with what is named here folded away.

    case: full case folding (`STRASSE` is `straße`); space: every run of white space is one blank; punctuation: marks
    and symbols are blanks, except between two digits (`3.5` stays `3.5`); accents: combining marks are dropped.
    """
    said = unicodedata.normalize("NFKC", text)
    if accents:
        said = "".join(c for c in unicodedata.normalize("NFD", said) if not unicodedata.combining(c))
    if case:
        said = unicodedata.normalize("NFKC", said.casefold())
    if punctuation:
        said = "".join(_kept(said, at) for at in range(len(said)))
    return " ".join(said.split()) if space or punctuation else said.strip()


def words(text: str) -> list[str]:
    """The words of a text, folded; each ideograph and kana is a word of its own, for there are no blanks between."""
    found: list[str] = []
    for word in _WORD.findall(folded(text, punctuation=False)):
        found += list(word) if _DENSE.search(word) else [word]
    return found


def _kept(text: str, at: int) -> str:
    mark = text[at]
    if unicodedata.category(mark)[0] not in "PS":
        return mark
    inside = 0 < at < len(text) - 1 and text[at - 1].isdigit() and text[at + 1].isdigit()
    leading = mark in "-+−" and at + 1 < len(text) and text[at + 1].isdigit() and (at == 0 or text[at - 1].isspace())
    return mark if inside or leading else " "
