"""The terms under which the gate is opened: how sure it must be, how worn its items are, what they can show at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from policies.acceptance import Goal, Pair
from policies.alpha_spending import Grant, grant, look_from
from policies.gate_wear import Wear, sample_of, wear
from policies.intervals import paired_interval
from policies.power import PowerStatement, Spread, chance_of, power_statement, spread_of
from policies.rulebook import AcceptanceRules

LIKELY = 0.8  # of the interval whose lower end is the smallest gain that is reckoned with: the winner's gain flatters


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTerms:
    """grant: the error that this look may spend; wear: of the items; power: what they can show; cautious: the chance of
    confirming a gain as small as the pairs before the gate leave likely; sample: of the items' ids, to be kept with the
    look as `gate_sample`."""

    grant: Grant
    wear: Wear
    power: PowerStatement
    cautious: float
    sample: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person should read before the gate is paid for."""
        said = (
            self.grant.sentence,
            f"if the gain seen so far is the true one, {self.power.sentence}",
            self.wear.advice,
        )
        return tuple(sentence for sentence in said if sentence)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the attempt and the packet."""
        return {
            "alpha": self.grant.alpha,
            "look": self.grant.look,
            "confirmed": self.grant.confirmed,
            "looks_at_these_items": self.wear.looks,
            "looks_limit": self.wear.limit,
            "power": {name: value for name, value in asdict(self.power).items() if name != "sentence"},
            "sentences": list(self.sentences),
        }


def gate_terms(
    earlier: Iterable[tuple[datetime, Mapping[str, Any]]],
    *,
    items: Sequence[tuple[str, str | None]],
    select: Sequence[Pair],
    rules: AcceptanceRules,
    goal: Goal = "gain",
) -> GateTerms:
    """The terms for opening the gate on these items, given as (id, group).

    earlier: (created_at, result) of the attempts of all earlier runs of the prompt, of this run none, so that a run
    that goes on after a crash is held to the same terms. select: pairs of the winner and the live version on the items
    that it won on: their spread and gain are the best guess before the gate, though the gain of a winner flatters.
    """
    looks = [look for at, result in earlier if (look := look_from(result, at)) is not None]
    granted, sample = grant(looks, rules), sample_of(id for id, _ in items)
    independent = len({("group", group) if group else ("alone", id) for id, group in items})
    changes = [p.candidate - p.baseline for p in select if p.baseline is not None and p.candidate is not None]
    gain = max(0.0, sum(changes) / len(changes)) if changes and goal == "gain" else 0.0
    spread = spread_of(select)
    return GateTerms(
        grant=granted,
        wear=wear(looks, sample, rules.gate_looks),
        power=power_statement(independent, gain, spread, rules, alpha=granted.alpha, goal=goal),
        cautious=_cautious(independent, changes, spread, rules, granted.alpha) if gain else 0.0,
        sample=sample,
    )


def _cautious(n: int, changes: Sequence[float], spread: Spread, rules: AcceptanceRules, alpha: float) -> float:
    """The chance for the smallest likely gain; the items that are then not fixed do not change either."""
    gain = sum(changes) / len(changes)
    least = max(0.0, paired_interval(changes, seed=0, confidence=LIKELY).low)
    share = spread.discordance
    fewer = spread if share is None else replace(spread, discordance=max(least, share - (gain - least)))
    return chance_of(n, least, fewer, rules, alpha)
