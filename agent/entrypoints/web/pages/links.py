"""Links in an answer: numbers of incidents, runs and proposals, traces, and names of prompts lead to their pages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

NUMBERED = r"(?P<noun>incident|run|proposal) (?P<number>\d+)|(?<=\[)trace (?P<trace>[^\]\s]+)(?=\])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of an answer; href: where it leads on this server, empty for plain text."""

    text: str
    href: str = ""


def linked(text: str, prompts: Iterable[str]) -> list[Piece]:
    """The text in pieces. Only what the server knows becomes a link: an answer cannot lead anywhere else."""
    names = sorted(prompts, key=len, reverse=True)
    known = "|".join(re.escape(name) for name in names)
    pattern = re.compile(NUMBERED + (rf"|(?<![\w/.-])(?P<prompt>{known})(?![\w/-])" if known else ""), re.IGNORECASE)
    pieces, at = [], 0
    for match in pattern.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text=text[at : match.start()]))
        pieces.append(Piece(text=match[0], href=_href(match)))
        at = match.end()
    return [*pieces, Piece(text=text[at:])] if at < len(text) else pieces


def _href(match: re.Match[str]) -> str:
    if match["noun"]:
        return f"/{match['noun'].lower()}s/{match['number']}"
    if match["trace"]:
        return f"/traces/{quote(match['trace'], safe='')}"
    return f"/prompts/{quote(match['prompt'].lower())}"
