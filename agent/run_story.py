"""How a run went, round by round: what was tried, the best so far, what it had cost by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from library.runs import Attempt, AttemptState, Charge

CHOSEN: frozenset[AttemptState] = frozenset({"proposed", "approved", "rejected", "failed_gate"})
"""States of the attempt that the search ended with: it alone went to the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What finished model calls had cost up to a moment. usd is None when the price of some call is unknown."""

    student_calls: int = 0
    other_calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0

    @property
    def calls(self) -> int:
        """All of them."""
        return self.student_calls + self.other_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt. score: on the select items, None where it was not tested; n: pairs that it was tested on."""

    number: int
    state: AttemptState
    score: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round. best: select score of the best prompt at its end; cost: of the run up to there."""

    number: int
    tried: tuple[Tried, ...]
    best: float | None
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run. base: select score of the version it began with; start: the cost before its first round's candidates."""

    base: float | None
    start: Cost
    rounds: tuple[Round, ...]
    end: Cost


def story(attempts: Sequence[Attempt], bill: Sequence[Charge]) -> Story:
    """The story that the attempts of a run and its charges tell, both in their own order.

    A candidate that was dropped before all open select items were asked counts with what it had gained by then, as if
    the rest had stayed as it was; so scores of one run can be compared.
    """
    scores = _scores(attempts)
    turns = sorted({a.round for a in attempts})
    firsts = {turn: next(a for a in attempts if a.round == turn) for turn in turns}
    rounds = []
    for place, turn in enumerate(turns):
        after = turns[place + 1] if place + 1 < len(turns) else None
        end = None if after is None else firsts[after].created_at
        rounds.append(
            Round(
                number=turn,
                tried=tuple(_tried(a, scores) for a in attempts if a.round == turn),
                best=scores.get(_best_after(attempts, firsts, turn, after)),
                cost=_cost([c for c in bill if end is None or c.at < end]),
            )
        )
    began = firsts[turns[0]].created_at if turns else None
    return Story(
        base=scores.get(0),
        start=_cost([c for c in bill if began is None or c.at < began]),
        rounds=tuple(rounds),
        end=_cost(bill),
    )


def select_result(attempt: Attempt) -> Mapping[str, Any] | None:
    """What the test on select items said of an attempt, None where it was not tested."""
    result = attempt.result
    numbers = (result.get(key) for key in ("gain", "n", "baseline"))
    return result if all(isinstance(value, int | float) for value in numbers) else None


def parent_of(attempt: Attempt) -> int:
    """The number of the attempt that it was written from; 0 is the version that the run began with."""
    return int(attempt.result.get("parent", 0))


def _scores(attempts: Sequence[Attempt]) -> dict[int, float]:
    """Select scores by attempt number, 0 for the version that the run began with."""
    tested = [(a, said) for a in attempts if (said := select_result(a)) is not None and said["n"]]
    if not tested:
        return {}
    most = max(said["n"] for _, said in tested)
    against_base = [said for a, said in tested if _rival(a) == 0]
    scores = {0: max(against_base, key=lambda said: said["n"])["baseline"]} if against_base else {}
    for attempt, said in tested:
        of, rival = said.get("of_items", most), scores.get(_rival(attempt))
        gained = None if rival is None else rival + said["gain"] * said["n"] / of
        score = said["baseline"] + said["gain"] if said["n"] >= of else gained
        if score is not None:
            scores[attempt.number] = score
    return scores


def _rival(attempt: Attempt) -> int:
    """The number of the attempt that it was run against in the end."""
    return int(attempt.result.get("against", parent_of(attempt)))


def _best_after(attempts: Sequence[Attempt], firsts: Mapping[int, Attempt], turn: int, after: int | None) -> int:
    if after is not None:
        return parent_of(firsts[after])
    chosen = [a.number for a in attempts if a.state in CHOSEN]
    return chosen[-1] if chosen else parent_of(firsts[turn])


def _tried(attempt: Attempt, scores: Mapping[int, float]) -> Tried:
    said = select_result(attempt)
    return Tried(
        number=attempt.number,
        state=attempt.state,
        score=scores.get(attempt.number),
        n=0 if said is None else said["n"],
    )


def _cost(bill: Sequence[Charge]) -> Cost:
    student = sum(c.role == "student" for c in bill)
    prices = [c.cost for c in bill]
    return Cost(
        student_calls=student,
        other_calls=len(bill) - student,
        tokens=sum(c.tokens_in + c.tokens_out for c in bill),
        usd=None if None in prices else sum(p for p in prices if p is not None),
    )
