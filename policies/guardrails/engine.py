"""The guardrail engine: run every selected check over (approved, candidate); deny overrides, failures block."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from policies.guardrails.contract_check import check_contract
from policies.guardrails.contradiction import check_contradictions
from policies.guardrails.hidden_text import check_hidden_text
from policies.guardrails.injection import check_injection
from policies.guardrails.language import check_language
from policies.guardrails.leaks import check_leaks
from policies.guardrails.lexicon import check_brand, check_forbidden
from policies.guardrails.limits import check_length
from policies.guardrails.personal import check_personal
from policies.guardrails.policy import POLICY_ERROR, Policy
from policies.guardrails.protected import check_clauses
from policies.guardrails.scene import Check, Scene, finding
from policies.guardrails.secrets import check_secrets
from policies.guardrails.settings import check_config
from policies.guardrails.subject import Subject
from policies.guardrails.urls import check_urls
from policies.guardrails.variables import check_variables
from policies.guardrails.waivers import apply_waivers
from policies.verdict import RANK, Decision, Finding, Span, Verdict

__all__ = ["Subject", "check", "repair_hints"]

SIZE_LIMIT = 100_000  # characters of one side; beyond it only checks of linear cost run and the candidate is blocked
HUGE = 1_000_000  # characters; beyond it only the size is judged
EFFORT_LIMIT = 100_000  # pairs of an approved and a new unit: 300 rules all rewritten are 90,000
SHOWN_PER_RULE = 50
WITHHELD = frozenset({"secret-leak", "pii-leak", "data-leak", "injection", "hidden-text"})

LINEAR: Mapping[str, Check] = MappingProxyType(
    {
        "hidden-text": check_hidden_text,
        "length-budget": check_length,
        "config": check_config,
    }
)
"""Checks that look at raw text only; they run for any size."""
FULL: Mapping[str, Check] = MappingProxyType(
    {
        "variables": check_variables,
        "safety-contradicted": check_contradictions,
        "output-contract": check_contract,
        "secret-leak": check_secrets,
        "pii-leak": check_personal,
        "data-leak": check_leaks,
        "injection": check_injection,
        "forbidden-phrase": check_forbidden,
        "language": check_language,
        "unknown-url": check_urls,
        "brand": check_brand,
    }
)


def check(subject: Subject, policy: Policy, *, today: date) -> Verdict:
    """Compare a candidate with the approved prompt under a policy. Pure; never raises on hostile text."""
    findings: list[Finding] = []
    if subject.current == subject.candidate:
        findings = []
    elif not policy.checks:
        findings.append(_policy_error(policy, "no policy is selected", "Extend at least pack:base."))
    else:
        findings = _run(Scene(subject, policy))
    candidate_hash = subject.candidate.hash
    kept, waived, expired = apply_waivers(_in_order(findings, policy), policy, candidate_hash, today)
    shown = (*kept, *expired)
    return Verdict(
        decision=_decision(shown),
        findings=shown,
        checked=policy.checks,
        waived=waived,
        policy_digest=policy.digest,
        current_digest=subject.current.hash,
        candidate_digest=candidate_hash,
    )


def _in_order(findings: Iterable[Finding], policy: Policy) -> tuple[Finding, ...]:
    """At their levels, each once, worst first; of one rule no more than a person would read."""
    leveled = {_key(f): f for f in (_leveled(f, policy) for f in findings)}
    shown: Counter[tuple[str, str]] = Counter()
    kept = []
    for _, found in sorted(leveled.items(), key=lambda pair: pair[0]):
        shown[found.policy, found.rule] += 1
        if shown[found.policy, found.rule] <= SHOWN_PER_RULE:
            kept.append(found)
    return tuple(kept)


def _run(scene: Scene) -> list[Finding]:
    findings: list[Finding] = []
    chosen = scene.policy.checks
    sizes = [len(scene.subject.current.full_text), len(scene.subject.candidate.full_text)]
    for name, run in LINEAR.items():
        if name in chosen and (max(sizes) <= HUGE or name != "hidden-text"):
            findings += _guarded(name, run, scene)
    if max(sizes) > SIZE_LIMIT:
        message = f"{max(sizes)} characters are too many to compare; the limit is {SIZE_LIMIT}"
        findings.append(finding("length-budget", "too-large", "block", message, fix_hint="Shorten the prompt."))
        return findings
    try:
        effort = scene.effort
    except Exception as error:  # noqa: BLE001 - a text that cannot be read must not get past the gate
        return [*findings, _policy_error(scene.policy, f"unreadable: {type(error).__name__}: {error}", "Report it.")]
    if effort > EFFORT_LIMIT:
        message = f"{effort} pairs of sentences are too many to compare; the limit is {EFFORT_LIMIT}"
        return [*findings, finding("length-budget", "too-large", "block", message, fix_hint="Change less at once.")]
    for name, run in FULL.items():
        if name in chosen:
            findings += _guarded(name, run, scene)
    if {"protected-clause", "safety-weakened", "safety-contradicted"} & set(chosen):
        findings += [
            f for f in _guarded("protected-clause", check_clauses, scene) if f.policy in (*chosen, POLICY_ERROR)
        ]
    return findings


def _guarded(name: str, run: Check, scene: Scene) -> Iterable[Finding]:
    """A check that fails must not open the gate: its failure is a finding that blocks."""
    try:
        return list(run(scene))
    except Exception as error:  # noqa: BLE001 - hostile text must never get past a check by breaking it
        return [
            _policy_error(
                scene.policy, f"check '{name}' failed: {type(error).__name__}: {error}", "Report it with both texts."
            )
        ]


def _policy_error(policy: Policy, thing: str, mend: str) -> Finding:
    return finding(POLICY_ERROR, "failed", "block", f"{policy.place}: {thing}", fix_hint=mend)


def _leveled(found: Finding, policy: Policy) -> Finding:
    level = policy.levels.get(f"{found.policy}/{found.rule}", policy.levels.get(found.policy))
    return replace(found, severity=level) if level is not None and _above(level, found.severity) else found


def _above(level: str, other: str) -> bool:
    order = ("warn", "flag", "block")
    return order.index(level) > order.index(other)


def _key(found: Finding) -> tuple[int, str, str, int, str]:
    start = next((s.start for s in found.spans if s.side == "candidate"), -1)
    return (-RANK[found.severity], found.policy, found.rule, start, found.message)


def _decision(findings: Iterable[Finding]) -> Decision:
    decisions: tuple[Decision, ...] = ("allow", "flag", "block")
    return decisions[max((RANK[f.severity] for f in findings), default=0)]


def repair_hints(verdict: Verdict) -> tuple[str, ...]:
    """What may go back to the teacher: never the text of secrets, personal or copied data, injections, hidden text."""
    secret = [s for f in verdict.findings if f.policy in WITHHELD for s in f.spans if s.side == "candidate"]
    hints = [_hint(f, secret) for f in verdict.findings if RANK[f.severity] > 0]
    return tuple(dict.fromkeys(hints))


def _hint(found: Finding, secret: Sequence[Span]) -> str:
    """The message where it is safe, else the place and the mend alone."""
    name = f"{found.policy}/{found.rule}"
    own = [s for s in found.spans if s.side == "candidate"]
    touched = any(s.start < t.end and t.start < s.end for s in own for t in secret)
    if found.policy not in WITHHELD and not touched:
        return f"{name}: {found.message}. {found.fix_hint}".strip()
    places = ", ".join(f"characters {s.start}-{s.end}" for s in own) or "the place found"
    if found.policy in WITHHELD or any(t.text in found.fix_hint for t in secret):
        return f"{name}: remove the passage at {places}."
    return f"{name}: at {places}. {found.fix_hint}"
