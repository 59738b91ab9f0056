"""A verdict as SARIF 2.1.0, the format in which code hosts take the results of checks."""

from collections.abc import Mapping
from typing import Any

from policies.guardrails.policy import Policy
from policies.verdict import Finding, Span, Verdict

LEVELS = {"block": "error", "flag": "warning", "warn": "note"}


def to_sarif(verdict: Verdict, policy: Policy, candidate_uri: str, candidate: str) -> dict[str, Any]:
    """One run; results point into the candidate file, waived findings are suppressed results."""
    results = [_result(f, candidate_uri, candidate) for f in verdict.findings]
    results += [
        {**_result(f, candidate_uri, candidate), "suppressions": [{"kind": "external"}]} for f in verdict.waived
    ]
    rules = sorted({f"{f.policy}/{f.rule}" for f in (*verdict.findings, *verdict.waived)})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "promptkeeper", "rules": [_rule(r, policy.about) for r in rules]}},
                "results": results,
                "properties": {
                    "decision": verdict.decision,
                    "policyDigest": verdict.policy_digest,
                    "currentDigest": verdict.current_digest,
                    "candidateDigest": verdict.candidate_digest,
                },
            }
        ],
    }


def _rule(name: str, about: Mapping[str, str]) -> dict[str, Any]:
    said = about.get(name.split("/", maxsplit=1)[0])
    return {"id": name, **({"shortDescription": {"text": said}} if said else {})}


def _result(found: Finding, uri: str, candidate: str) -> dict[str, Any]:
    places = [s for s in found.spans if s.side == "candidate"]
    location: list[dict[str, Any]] = [
        {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": _region(s, candidate)}} for s in places
    ]
    whole = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    return {
        "ruleId": f"{found.policy}/{found.rule}",
        "level": LEVELS[found.severity],
        "message": {"text": f"{found.message}. {found.fix_hint}".strip(" .") + "."},
        "locations": location or [whole],
    }


def _region(span: Span, text: str) -> dict[str, int]:
    def place(offset: int) -> tuple[int, int]:
        return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1

    (line, column), (end_line, end_column) = place(span.start), place(span.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "charOffset": span.start,
        "charLength": span.end - span.start,
    }
