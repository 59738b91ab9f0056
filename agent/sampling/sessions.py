"""Implicit scores: a message that the same session had to send again was answered badly the first time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.sampling.keeping import keep
from agent.services import Services
from library.scores import Score
from library.store.online import REPEAT, ScoreTask
from library.traces import Trace
from policies.rulebook import OnlineRules
from policies.sampling import Said, SessionMessage, repeats

IMPLICIT = "implicit_repeat"
EVALUATOR = "session"
"""Nobody judged: the course of the session did."""
VALUES: dict[Said, float] = {"repeated": 0.0, "not_repeated": 1.0}
BATCH = 500
LEASE = timedelta(minutes=5)


def read_sessions(services: Services, traces: Sequence[Trace]) -> tuple[list[Score], list[ScoreTask]]:
    """What these traces decide: scores for them and for earlier messages, and a task for each that is still open.

    A message that comes in late takes back the good score of the one it repeats.
    """
    mine = {trace.id: trace for trace in traces if trace.session}
    found = _read(services, list(mine.values()))
    rules, now = services.rulebook.online, services.now()
    # What is not mine was read without all that followed it: only what was seen counts, not what was missed.
    decided = {id: said for id, said in found.items() if said == "repeated" or (said == "not_repeated" and id in mine)}
    known = services.library.online.scores(list(decided))
    scores = [_score(id, VALUES[said], rules, now) for id, said in decided.items()]
    tasks = [
        ScoreTask(trace_id=id, task=REPEAT, prompt=t.prompt, ts=t.ts, due_at=t.ts + rules.repeat.window)
        for id, t in mine.items()
        if found[id] == "open"
    ]
    return [score for score in scores if not _known(score, known.get(score.trace_id, ()))], tasks


def close_sessions(services: Services, prompts: Sequence[str]) -> int:
    """Score the messages whose time to be repeated has passed; how many scores that gave."""
    online, rules, count = services.library.online, services.rulebook.online, 0
    while tasks := online.claim(repeats=True, now=services.now(), lease=LEASE, limit=BATCH, prompts=prompts):
        found = _read(services, online.traces([task.trace_id for task in tasks]))
        verdicts = {task.trace_id: found.get(task.trace_id, "unfit") for task in tasks}
        scores = [_score(id, VALUES[said], rules, services.now()) for id, said in verdicts.items() if said in VALUES]
        keep(services.library, scores)
        count += len(scores)
        still_open = [task for task in tasks if verdicts[task.trace_id] == "open"]  # the rules have changed meanwhile
        online.put_back(still_open, due_at=services.now() + rules.repeat.window, tried=True)
        online.drop([task for task in tasks if task not in still_open])
    return count


def _read(services: Services, traces: Sequence[Trace]) -> dict[str, Said]:
    rules = services.rulebook.online.repeat
    messages = [
        SessionMessage(
            id=trace.id,
            prompt=trace.prompt,
            session=trace.session or "",
            ts=trace.ts,
            inputs=trace.inputs,
            answered=trace.output is not None and trace.error is None,
        )
        for trace in services.library.online.neighbours(traces, rules.window)
    ]
    return repeats(messages, rules, now=services.now())


def _known(score: Score, scores: Sequence[Score]) -> bool:
    key = ("name", "source", "evaluator", "revision", "value")
    return any(all(getattr(score, k) == getattr(old, k) for k in key) for old in scores)


def _score(trace_id: str, value: float, rules: OnlineRules, now: datetime) -> Score:
    return Score(
        trace_id=trace_id,
        name=IMPLICIT,
        value=value,
        source="implicit",
        evaluator=EVALUATOR,
        revision=rules.repeat.revision,
        ts=now,
    )
