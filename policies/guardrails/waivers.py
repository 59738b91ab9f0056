"""Waivers: named, expiring permissions bound to one exact candidate; counted and shown, never silent."""

from datetime import date

from policies.guardrails.policy import POLICY_ERROR, Policy, Waiver
from policies.guardrails.scene import finding
from policies.verdict import Finding


def apply_waivers(
    findings: tuple[Finding, ...], policy: Policy, candidate_hash: str, today: date
) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Finding, ...]]:
    """(findings that count, findings set aside, notes on expired waivers). A policy error cannot be waived."""
    matching = [w for w in policy.waivers if w.candidate == candidate_hash]
    live = [w for w in matching if today <= w.expires]
    kept: list[Finding] = []
    waived: list[Finding] = []
    for found in findings:
        covered = found.policy != POLICY_ERROR and any(_covers(w, found) for w in live)
        (waived if covered else kept).append(found)
    expired = tuple(_note(w) for w in matching if w not in live)
    return tuple(kept), tuple(waived), expired


def _covers(waiver: Waiver, found: Finding) -> bool:
    return waiver.rule in {found.policy, f"{found.policy}/{found.rule}"}


def _note(waiver: Waiver) -> Finding:
    message = f"the waiver of {waiver.rule} by {waiver.by} expired on {waiver.expires.isoformat()}"
    return finding(
        waiver.rule.split("/")[0], "waiver-expired", "warn", message, fix_hint="Ask its owner for a new one."
    )
