"""Online evaluation, one round: what came in, the sessions that are over, the judge's sample. Safe to repeat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate

from agent.sampling.arriving import Looked, look
from agent.sampling.grading import grade
from agent.sampling.keeping import keep
from agent.sampling.sessions import IMPLICIT, close_sessions
from agent.services import Services, in_thread
from library.store.online import Arrival

ROWS = 100
TRACES = 2_000
"""A step takes rows of arrivals until they hold so many traces: live traffic comes in many small rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineCount:
    """What a round did. traces: looked at for the first time; scores: given, by name; failures: judgements that came to
    nothing, by kind, which leave no score; let_go: traces that the judge's budget did not reach in time.

    waiting: tasks that are left. stopped: the outage or the spent budget that ended the judge's part, in one line.
    """

    traces: int = 0
    scores: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    let_go: int = 0
    waiting: int = 0
    stopped: str | None = None


async def score_new(
    services: Services, *, prompts: Sequence[str] = (), at_most: timedelta | None = None
) -> OnlineCount:
    """Score what is new, of these prompts or of all. at_most: ask the judge nothing more after so long.

    An outage or a spent budget ends the judge's part and is reported in `stopped`; the rest is done all the same.
    """
    until = None if at_most is None else services.now() + at_most
    given: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    traces = 0
    while arrivals := await in_thread(services.library.online.arrivals, prompts, limit=ROWS):
        for looked in await in_thread(_take_in, services, _portion(arrivals)):
            traces += looked.traces
            given.update(score.name for score in looked.scores)
            failures.update(looked.failures)
        services.progress("scoring new calls", traces)
    given[IMPLICIT] += await in_thread(close_sessions, services, prompts)
    graded = await grade(services, prompts=prompts, until=until)
    return OnlineCount(
        traces=traces,
        scores=dict(sorted((given + Counter(graded.scores)).items())),
        failures=dict(sorted((failures + Counter(graded.failures)).items())),
        let_go=graded.let_go,
        waiting=await in_thread(services.library.online.tasks, prompts),
        stopped=graded.stopped,
    )


def _portion(arrivals: Sequence[Arrival]) -> list[Arrival]:
    held = list(accumulate(len(arrival.trace_ids) for arrival in arrivals))
    return [arrival for arrival, sofar in zip(arrivals, held, strict=True) if sofar <= TRACES]


def _take_in(services: Services, arrivals: Sequence[Arrival]) -> list[Looked]:
    """Score the traces of these rows, note what they still wait for, and take the rows off the queue."""
    online, looked = services.library.online, []
    for name in sorted({arrival.prompt for arrival in arrivals}):
        traces = online.traces([id for arrival in arrivals if arrival.prompt == name for id in arrival.trace_ids])
        looked.append(look(services, name, traces))
    keep(services.library, [score for one in looked for score in one.scores])
    online.finish([arrival.number for arrival in arrivals], [task for one in looked for task in one.tasks])
    return looked
