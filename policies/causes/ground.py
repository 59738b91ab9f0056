"""What earlier calls say about a single call: was this answer scored otherwise, was another answer expected?

Both sides of an onset are held against the calls before it (a call never against itself), so that what is usual for a
prompt cancels out and only what came with the onset is left.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from policies.causes.calls import Call, folded, mean_lost, same_answer
from policies.causes.likeness import NEAR_IDENTICAL, Likeness, alike
from policies.causes.novelty import novelty

MOST_CLASSES = 60
USES = 3  # times that the average expected answer occurs, where answers are classes
FEWEST = 20  # agreeing or vouched calls before, to know what such calls lose
FEWEST_REFUSED = 5  # calls that a witness refused, to know that it has something in common with the evaluator
VOUCHED, IN_COMMON = 0.8, 0.3
MOST_TWINS = 15
LOST = 0.5  # score lost by an answer that was not right
AGREED = 0.8  # share of near-identical messages with one expected answer, from which it is the right one
TELLING = 0.7  # share of the scores' variance within equal answers, from which answers say nothing about scores

Near = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Of one call. evaluator: lost more than equal answers lost before; data: lost because another answer is expected.

    None where there is nothing to compare with. twins: ids of the calls compared with.
    """

    evaluator: float | None = None
    data: float | None = None
    twins: tuple[str, ...] = ()


class Ground:
    """The calls before an onset as a yardstick for single calls; failed and cut-off calls belong in no list."""

    def __init__(self, before: Sequence[Call], after: Sequence[Call], elsewhere: Sequence[Call] = ()) -> None:
        self.before, self.after, self._elsewhere = before, after, elsewhere
        self.likeness = Likeness([folded(c.text) for c in before], [folded(c.text) for c in after])
        self.new_terms, self.is_new = novelty(before, after, self.likeness, elsewhere)
        self._said = [folded(c.output) for c in before]
        self.free_answers, self._many_answers = len(set(self._said)) > MOST_CLASSES, len(set(self._said)) > 1
        self._places: dict[str, list[int]] = defaultdict(list)
        for index, call in enumerate(before):
            self._places[call.text].append(index)

    @cached_property
    def classes(self) -> frozenset[str]:
        """The expected answers that there were, where answers are classes; else empty."""
        wanted = Counter(c.expected for c in (*self.before, *self._elsewhere) if c.expected is not None)
        few = 0 < len(wanted) <= MOST_CLASSES and sum(wanted.values()) >= USES * len(wanted)
        return frozenset(wanted) if few else frozenset()

    @cached_property
    def _agreeing_lost(self) -> float | None:
        """What calls lost before that gave the expected answer; None where there were too few to say."""
        agreeing = [c for c in self.before if c.agrees]
        return mean_lost(agreeing) if len(agreeing) >= FEWEST else None

    @cached_property
    def _vouched_lost(self) -> float | None:
        """What calls lost before that other evaluators passed; None where the evaluators never had much in common."""
        passed = [c for c in self.before if c.witness is not None and c.witness >= VOUCHED]
        refused = [c for c in self.before if c.witness is not None and c.witness < VOUCHED]
        if len(passed) < FEWEST or len(refused) < FEWEST_REFUSED:
            return None
        return mean_lost(passed) if mean_lost(refused) >= mean_lost(passed) + IN_COMMON else None

    @cached_property
    def opinions_before(self) -> list[Opinion]:
        """One for each call before the onset."""
        return [
            self._opinion(c, self._twins(c, near, own=i))
            for i, (c, near) in enumerate(zip(self.before, self.likeness.of_earlier, strict=True))
        ]

    @cached_property
    def opinions_after(self) -> list[Opinion]:
        """One for each call after the onset; nothing can be said of messages of a new kind."""
        return [
            Opinion() if is_new else self._opinion(c, self._twins(c, near))
            for c, near, is_new in zip(self.after, self.likeness.of_later, self.is_new, strict=True)
        ]

    @cached_property
    def answers_tell(self) -> bool:
        """Whether equal answers to equal messages got equal scores before; else scores say nothing about evaluators."""
        within, compared, mean = 0.0, 0, mean_lost(self.before)
        for at, (call, near) in enumerate(zip(self.before, self.likeness.of_earlier, strict=True)):
            equal = [self.before[i].lost for i in self._twins(call, near, own=at) if self._same(call, i)]
            if equal:
                within += (call.lost - sum(equal) / len(equal)) ** 2
                compared += 1
        # Of all calls: wrong answers seldom have an equal, so that those with one differ less than scores do.
        variance = sum((c.lost - mean) ** 2 for c in self.before) / max(len(self.before), 1)
        return within <= TELLING * variance * compared

    @cached_property
    def answered_otherwise(self) -> tuple[tuple[Call, Call], ...]:
        """(now, before): calls that lost, and the same message, or nearly the same, that was answered well before."""
        found = []
        for call, near, is_new in zip(self.after, self.likeness.of_later, self.is_new, strict=True):
            twins = [] if is_new or call.lost < LOST else self._twins(call, near)
            well = [i for i in twins if self.before[i].lost < LOST]
            if well and not any(self._same(call, i) for i in well):
                found.append((call, self.before[well[0]]))
        return tuple(found)

    def _twins(self, call: Call, near: Near, own: int = -1) -> list[int]:
        """Earlier calls with the same message; where there are none, with nearly the same."""
        exact = [i for i in self._places.get(call.text, ()) if i != own]
        return exact[-MOST_TWINS:] or [i for i, like in near if like >= NEAR_IDENTICAL]

    def _same(self, call: Call, index: int) -> bool:
        other = self.before[index]
        if call.expected is not None and other.expected is not None and not same_answer(call.expected, other.expected):
            return False
        if same_answer(folded(call.output), self._said[index]):
            return True
        return self.free_answers and alike(call.output, other.output)

    def _opinion(self, call: Call, twins: Sequence[int]) -> Opinion:
        evaluator, equal = self._evaluator(call, twins)
        ids = tuple(self.before[i].id for i in (equal or twins)[:3])
        return Opinion(evaluator=evaluator, data=self._data(call, twins), twins=ids)

    def _evaluator(self, call: Call, twins: Sequence[int]) -> tuple[float | None, list[int]]:
        equal = [i for i in twins if self._same(call, i)]
        if self.classes and call.expected is not None and call.expected not in self.classes:
            return 0.0, equal  # whatever became of the score, the expected answer is not one of those that there were
        if call.agrees and self._agreeing_lost is not None:
            return call.lost - self._agreeing_lost, equal
        if call.witness is not None and call.witness >= VOUCHED and self._vouched_lost is not None:
            return call.lost - self._vouched_lost, equal
        exact = bool(equal) and self.before[equal[0]].text == call.text
        if equal and self.answers_tell and (self._many_answers or exact):
            return call.lost - sum(self.before[i].lost for i in equal) / len(equal), equal
        # An answer that nobody gave before says something about the answer, not about its judge.
        return (0.0 if twins or call.expected is not None else None), equal

    def _data(self, call: Call, twins: Sequence[int]) -> float | None:
        if call.expected is None:
            return None
        if self.classes:
            if call.expected not in self.classes:
                return call.lost
        else:
            twins = [i for i in twins if same_answer(self.before[i].text, call.text)]
        wanted = Counter(e for i in twins if (e := self.before[i].expected) is not None)
        if not wanted:
            return None
        usual, count = wanted.most_common(1)[0]
        if count < AGREED * wanted.total():
            return None
        contradicts = not same_answer(usual, call.expected) and same_answer(usual, call.output)
        return call.lost if contradicts else 0.0
