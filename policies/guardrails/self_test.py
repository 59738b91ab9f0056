"""Policies prove themselves: every check runs on its own good and bad examples."""

from dataclasses import dataclass, replace
from datetime import date

from library.prompts import Content
from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.policy import CHECKS, Example, Policy

ANY_DAY = date(2000, 1, 1)  # examples carry no waivers, so the day does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestFailure:
    """A check that did not do what its example says."""

    check: str
    wanted: str  # "fires" or "stays silent"
    current: str
    candidate: str


def self_test(policy: Policy) -> tuple[SelfTestFailure, ...]:
    """Failures over all examples; a selected check without both kinds of example is a failure too."""
    failures = [_failure(e, policy) for e in policy.examples if _fires(e, policy) == e.good]
    for name in policy.checks:
        kinds = {e.good for e in policy.examples if e.check == name}
        if kinds != {True, False}:
            failures.append(SelfTestFailure(check=name, wanted="has good and bad examples", current="", candidate=""))
    return tuple(failures)


def _fires(example: Example, policy: Policy) -> bool:
    subject = plain_subject(example.current, example.candidate, example.metadata)
    if example.current_config or example.candidate_config:
        sides = ((subject.current, example.current_config), (subject.candidate, example.candidate_config))
        current, candidate = (Content(format=c.format, text=c.text, config=config) for c, config in sides)
        subject = replace(subject, current=current, candidate=candidate)
    alone = Policy(place=policy.place, checks=CHECKS, synonyms=policy.synonyms)
    return any(f.policy == example.check for f in check(subject, alone, today=ANY_DAY).findings)


def _failure(example: Example, policy: Policy) -> SelfTestFailure:
    wanted = "stays silent" if example.good else "fires"
    return SelfTestFailure(check=example.check, wanted=wanted, current=example.current, candidate=example.candidate)
