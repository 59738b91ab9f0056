"""How much error one look at the gate may spend, when a prompt is looked at again and again for years."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.rulebook import AcceptanceRules

START_SHARE = 0.5  # of life_error: what may be spent before anything was called better
DECAY = 1.8  # look j after a reward gets a share of it that falls as j to the power of -1.8
ZETA = 1.8822297  # sum of j ** -1.8 over all j: so the shares of one reward add up to 1
CONFIRMED = {"better", "non_inferior"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One opening of the gate: what it said, of which items (`policies.gate_wear.sample_of`). at: aware, UTC."""

    at: datetime
    p: float
    verdict: str
    alpha: float
    items: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """A void look compared nothing, so it spent nothing."""
        return self.verdict != "void"

    @property
    def confirmed(self) -> bool:
        """It found what it looked for."""
        return self.verdict in CONFIRMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the coming look may spend. alpha: the bar for its p; look: its number, from 1; confirmed: looks before it
    that found what they looked for; sentence: all of it in words."""

    alpha: float
    look: int
    confirmed: int
    sentence: str


def look_from(result: Mapping[str, Any], at: datetime) -> Look | None:
    """The look that an attempt's result tells of; None for an attempt that never came to the gate.

    Reads `gate` (a comparison as plain JSON) and, where it is there, `gate_sample`.
    """
    gate = result.get("gate")
    if not isinstance(gate, Mapping) or "verdict" not in gate:
        return None
    return Look(
        at=at,
        p=float(gate.get("p", 1.0)),
        verdict=str(gate["verdict"]),
        alpha=float(gate.get("alpha", 0.0)),
        items=tuple(str(i) for i in result.get("gate_sample", ())),
    )


def grant(looks: Sequence[Look], rules: AcceptanceRules) -> Grant:
    """The error that the next look of a prompt may spend, given all its looks before, in any order.

    LORD++ (Ramdas, Yang, Wainwright and Jordan 2017, after Javanmard and Montanari 2018) with the rulebook's life_error
    and every look capped by its alpha. The guarantee: at any time, the expected number of false "better" is at most
    life_error times the expected number of "better" (counted as at least one); and as long as no candidate was truly
    better, the chance of even one false "better" is at most half of life_error. It holds when each p is valid given the
    verdicts before it, which is exact for fresh items and nearly so for a gate set that few looks have worn
    (`policies.gate_wear`).
    """
    told = sorted((look for look in looks if look.counts), key=lambda look: look.at)
    number = len(told) + 1
    start = START_SHARE * rules.life_error
    wealth = start * _share(number)
    rewards = [place for place, look in enumerate(told, start=1) if look.confirmed]
    for order, place in enumerate(rewards):
        wealth += (rules.life_error - start if order == 0 else rules.life_error) * _share(number - place)
    alpha = min(rules.alpha, wealth)
    return Grant(alpha=alpha, look=number, confirmed=len(rewards), sentence=_sentence(alpha, number, len(rewards)))


def _share(distance: int) -> float:
    return math.pow(distance, -DECAY) / ZETA


def _sentence(alpha: float, number: int, confirmed: int) -> str:
    if number == 1:
        return f"first look at the gate of this prompt: p must be at most {alpha:.2g}"
    earlier = f"{confirmed} of {number - 1} earlier ones found what they looked for"
    return f"look {number} at the gate of this prompt, {earlier}: p must be at most {alpha:.2g}"
