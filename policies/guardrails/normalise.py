"""Clean text for comparison, with a map back to the raw characters, so that spans point at what a person sees."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from policies.guardrails.codepoints import HOMOGLYPHS, INVISIBLE, WORD, mixed_script

QUOTES_AND_DASHES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟″«»「」『』", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "\u00a0": " ",
        "\u2028": "\n",
        "\u2029": "\n",
        "\u0085": "\n",
        "\u3000": " ",
    }
)
EMPHASIS = re.compile(
    r"(?<!\*)\*{1,3}(?!\*)|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|\[\[(?:protect:[\w-]{1,64}|/protect)\]\]"
    r"|</?(?:b|i|u|em|strong|mark|span)>",
    re.IGNORECASE,
)
STAR_BULLET = re.compile(r"(?m)^[ \t]*\*(?=\s)")
CLUSTER = re.compile("[^\x00-\x7f][\u0300-\u036f\u3099\u309a]*|[\x00-\x7f][\u0300-\u036f]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Clean:
    """Normalised text; `offsets[i]` is the raw position of clean character i, with one more entry for the end."""

    text: str
    offsets: tuple[int, ...]

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Raw start and end (exclusive) of a stretch of the clean text."""
        if end <= start:
            return self.offsets[start], self.offsets[start]
        return self.offsets[start], self.offsets[end - 1] + 1


@lru_cache(maxsize=16)
def clean(raw: str) -> Clean:
    """NFKC, invisible characters and emphasis removed, look-alike letters folded, quotes and dashes unified."""
    drop: set[int] = set()
    bullets = {m.end() - 1 for m in STAR_BULLET.finditer(raw)}
    for match in EMPHASIS.finditer(raw):
        if match.start() not in bullets:
            drop.update(range(match.start(), match.end()))
    if raw.isascii():
        if not drop:
            return Clean(raw, tuple(range(len(raw) + 1)))
        keep = [i for i in range(len(raw)) if i not in drop]
        return Clean("".join(raw[i] for i in keep), (*keep, len(raw)))
    drop.update(m.start() for m in INVISIBLE.finditer(raw))
    return _clean_unicode(raw, drop)


def _clean_unicode(raw: str, drop: set[int]) -> Clean:
    characters: list[str] = []
    offsets: list[int] = []
    at = 0
    while at < len(raw):
        if at in drop:
            at += 1
            continue
        match = CLUSTER.match(raw, at)
        piece = match.group() if match else raw[at]
        said = piece.translate(QUOTES_AND_DASHES)
        if not said.isascii() or len(said) > 1:
            said = unicodedata.normalize("NFKC", said).translate(QUOTES_AND_DASHES)
        characters.append(said)
        offsets.extend([at] * len(said))
        at += len(piece)
    text = "".join(characters)
    return Clean(_fold_lookalikes(text), (*offsets, len(raw)))


def _fold_lookalikes(text: str) -> str:
    def fold(match: re.Match[str]) -> str:
        word = match.group()
        return "".join(HOMOGLYPHS.get(c, c) for c in word) if mixed_script(word) else word

    return WORD.sub(fold, text)
