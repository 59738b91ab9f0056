"""Guardrails for a candidate: the deterministic engine first, then the judge model where one is set up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files

from agent.services import Services, in_thread
from library.datasets import Item
from library.prompts import Content, Message
from policies.guardrails.engine import Subject, check
from policies.guardrails.judgement import (
    Question,
    agenda,
    finding_of,
    left_out,
    question_text,
    read_answer,
    tightened,
)
from policies.guardrails.policy import POLICY_ERROR, Policy
from policies.verdict import Finding, Verdict
from tools.errors import ProviderError
from tools.models import Model, Request

STATIC_SECONDS = 60.0  # hundreds of times what the slowest text takes; longer means that something is broken
JUDGE_SECONDS = 180.0  # for all questions about one candidate, retries included


def held_against(base: Content, candidate: Content, hidden: Sequence[Item], shown: Sequence[Item]) -> Subject:
    """A candidate beside the live version and the items whose texts and answers must not travel into a prompt.

    shown: items that the teacher may read; a phrase that stands in one of them gives no hidden item away.
    """
    inputs = tuple(text for item in hidden for text in item.inputs.values())
    wanted = Counter(item.expected for item in hidden if item.expected)
    # An answer that several items share is a label or a form of answer, not the secret of one item.
    answers = tuple(
        ("\n".join(i.inputs.values()), i.expected) for i in hidden if i.expected and wanted[i.expected] == 1
    )
    told = tuple(text for item in shown for text in item.inputs.values())
    return Subject(current=base, candidate=candidate, secret_texts=inputs, answers=answers, shown_texts=told)


async def guard(
    services: Services,
    subject: Subject,
    policy: Policy,
    *,
    seed: int,
    static_seconds: float = STATIC_SECONDS,
    judge_seconds: float = JUDGE_SECONDS,
) -> Verdict:
    """The verdict on a candidate; a judge is asked only about what the engine does not block, and can only tighten.

    seed: of the run, for fences that nobody can foretell. Checks that take longer than static_seconds block; a judge
    that takes longer than judge_seconds flags. Raises BudgetSpent when the judge cannot be paid.
    """
    today = services.now().date()
    try:
        verdict = await asyncio.wait_for(in_thread(check, subject, policy, today=today), static_seconds)
    except TimeoutError:
        return _overdue(subject, policy, static_seconds)
    if services.judge is None or verdict.decision == "block":
        return verdict
    plan = await in_thread(agenda, subject, policy)
    if not plan.questions:
        return tightened(verdict, left_out(plan))
    judge = services.judge
    said = await asyncio.gather(*(_judged(services, judge, q, seed, judge_seconds) for q in plan.questions))
    return tightened(verdict, (*left_out(plan), *(f for f in said if f is not None)))


async def _judged(
    services: Services, judge: Model, question: Question, seed: int, judge_seconds: float
) -> Finding | None:
    messages = (
        Message(role="system", content=(files("agent.teacher") / "guard_judge.md").read_text(encoding="utf-8").strip()),
        Message(role="user", content=question_text(question, seed)),
    )
    try:
        asked = judge.complete(Request(messages=messages), scope=services.scope, caps=services.caps)
        reply = await asyncio.wait_for(asked, judge_seconds)
    except TimeoutError:
        return finding_of(question, None, trouble=f"nothing within {judge_seconds:g} s")
    except ProviderError as error:
        return finding_of(question, None, trouble=error.kind.replace("_", " "))
    return finding_of(question, None if reply.finish_reason == "length" else read_answer(reply.text))


def _overdue(subject: Subject, policy: Policy, seconds: float) -> Verdict:
    """Checks that do not end must not open the gate."""
    late = Finding(
        policy=POLICY_ERROR,
        rule="overdue",
        severity="block",
        message=f"{policy.place}: the checks did not end within {seconds:g} s",
        fix_hint="Shorten the prompt.",
    )
    return Verdict(
        decision="block",
        findings=(late,),
        checked=policy.checks,
        policy_digest=policy.digest,
        current_digest=subject.current.hash,
        candidate_digest=subject.candidate.hash,
    )
