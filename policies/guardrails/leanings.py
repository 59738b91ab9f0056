"""How far a new sentence leans towards letting something happen, whatever it speaks of.

Harmful and harmless additions differ in how they are said: `people love it`, `let them`, `just`, `where nobody looks`
against `sentence`, `first`, `list`, `ask`. The sum of the weights in `leaning_weights.py` is the log-odds of a sentence
to be one that opens something (logistic regression, see `benchmarks/guardrail_leanings.py`). It can flag, never block.
"""

import math
import re
from functools import lru_cache

from policies.guardrails.actions import commanded
from policies.guardrails.deed_phrases import phrased_deeds
from policies.guardrails.fields import fields_of
from policies.guardrails.frames import Frame
from policies.guardrails.leaning_weights import BIAS, WEIGHTS
from policies.guardrails.meanings import deeds
from policies.guardrails.pretexts import careful, pretexts
from policies.guardrails.synonyms import joined_lines
from policies.guardrails.words import Synonyms, stem

QUOTED = re.compile(r'"[^"]*"')
WORD = re.compile(r"[a-zäöüß]+(?:'[a-z]+)?")
DESCRIBES = re.compile(
    r"\b(?:may|can|might|could) (?:also |still )?(?:contain|include|appear|occur|happen|differ|vary|arrive|"
    r"be (?:missing|empty|long|short|wrong|noisy|incomplete|misspelt|out of date))\b"
)
"""`The mail may contain …` tells what the input is like and permits nothing."""
HOLDS_BACK = re.compile(
    r"\W*(?:leave out|omit|mask|withhold|(?:do not|don't|never) (?:name|mention|share|give|reveal|publish|disclose))\b"
    r"[^,;.]*\b(?:names?|numbers?|addresses|address|salar(?:y|ies)|details|data|dates?|employers?|contacts?|figures?)\b"
    r"[^,;.]* unless\b"
)
"""A new restriction with an exception of its own lets nothing happen that the approved prompt forbade."""
LONG = 4  # letters from which on a word counts in its comparable form
ENOUGH = 1.0  # log-odds of a single new sentence; with two sentences each has to lean further
FURTHER = 0.5  # added for each doubling of the number of new sentences
FAR_OFF = -1.5  # log-odds up to which a sentence is taken for advice on how to write
KNOWN = 0.4  # share of words with a weight below which a sentence is not judged: another language, a list of names


def traits(frame: Frame, synonyms: Synonyms) -> frozenset[str]:
    """Traits of a sentence by their names in the table: `just`, `^tell` (first word), `+benefit` (pretext), …"""
    low = QUOTED.sub(" ", frame.low)
    words = [w if len(w) < LONG else stem(w) for w in WORD.findall(low)]
    table = deeds(synonyms)
    there = {*words, *(f"^{w}" for w in words[:1])}
    there |= {f"+{sign}" for sign in pretexts(frame)}
    there |= {f"~{deed}" for deed in phrased_deeds(low)}
    there |= {f"!{deed}" for verb in commanded(frame) for deed in table.get(verb, ())}
    there |= {f"#{name}" for token in frame.tokens if token.subject for name in fields_of(token.word)}
    shape = {
        "=careful": careful(frame.low),
        "=forbids": frame.prohibits,
        "=strong": bool(frame.strong),
        "=weak": bool(frame.weak),
        "=quotes": '"' in frame.text,
        "=colon": ":" in frame.text,
        "=bracket": "(" in frame.text,
    }
    return frozenset(there | {name for name, holds in shape.items() if holds})


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    rows = (line.split(": ") for line in joined_lines(WEIGHTS))
    return {trait: float(weight) for weight, named in rows for trait in named.split()}


@lru_cache(maxsize=4096)
def leaning(frame: Frame, synonyms: Synonyms) -> float:
    """Log-odds that a new sentence opens something; minus infinity where too few of its words are known."""
    weights = _weights()
    restricts = DESCRIBES.search(frame.low) or HOLDS_BACK.match(frame.low)
    words = [] if restricts else WORD.findall(QUOTED.sub(" ", frame.low))
    known = sum((w if len(w) < LONG else stem(w)) in weights for w in words)
    if not words or known < KNOWN * len(words):
        return -math.inf
    return BIAS + math.fsum(weights.get(trait, 0.0) for trait in traits(frame, synonyms))


def leans(frame: Frame, synonyms: Synonyms, beside: int) -> bool:
    """Does the sentence lean far enough to be looked at? beside: number of new sentences, itself included."""
    return leaning(frame, synonyms) >= ENOUGH + FURTHER * math.log2(max(1, beside))


def harmless(frame: Frame, synonyms: Synonyms) -> bool:
    """Is the sentence said so much like advice on how to write that weak signs against it do not count?"""
    return -math.inf < leaning(frame, synonyms) <= FAR_OFF
