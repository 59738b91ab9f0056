"""`promptkeeper check`: hold a candidate text against the guardrails, without a library."""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from agent.entrypoints.cli.output import emit, to_json, with_json
from agent.entrypoints.cli.reading import read_text, rows
from library.errors import InputError
from library.prompts import TEXT_LIMIT
from policies.guardrails.batch import plain_subject, read_row, row_subject
from policies.guardrails.carets import told, visible
from policies.guardrails.engine import check
from policies.guardrails.policy import Policy
from policies.guardrails.policy_file import load_policy
from policies.guardrails.sarif import to_sarif
from policies.verdict import Finding, Verdict

STDOUT = "-"


@click.command()
@click.option("--current", metavar="FILE", help="The approved text.")
@click.option("--candidate", metavar="FILE", help="The text that wants to replace it.")
@click.option("--policy", "policy_file", metavar="FILE", help="A policy file; without one, all shipped packs apply.")
@click.option("--batch", metavar="FILE", help="JSON lines of {id, current, candidate, …} instead of two files.")
@click.option("--sarif", metavar="FILE|-", help="Write SARIF 2.1.0 to FILE, or to standard output as the answer.")
@with_json
def command(
    current: str | None,
    candidate: str | None,
    policy_file: str | None,
    batch: str | None,
    sarif: str | None,
    as_json: bool,
) -> int:
    """Compare a candidate with the approved text: exit 0 when it may be queued (allow or flag), 1 when it is blocked.

    A batch answers with one JSON line for each row, which says what became of it, and exits 0 when all rows were read.
    """
    policy = load_policy(read_text(policy_file) if policy_file is not None else None, policy_file or "shipped packs")
    today = datetime.now(UTC).date()
    if batch is not None:
        if current is not None or candidate is not None or sarif is not None:
            raise InputError("--batch stands alone", "check", "Leave out --current, --candidate and --sarif.")
        return _batch(batch, policy, today)
    if current is None or candidate is None:
        raise InputError("two texts are needed", "check", "Give --current FILE and --candidate FILE, or --batch FILE.")
    if sarif == STDOUT and as_json:
        raise InputError("--json and --sarif - both want standard output", "check", "Give --sarif a file.")
    return _single(current, candidate, policy, today, sarif, as_json)


def _single(current: str, candidate: str, policy: Policy, today: date, sarif: str | None, as_json: bool) -> int:
    texts = {"current": _text(current), "candidate": _text(candidate)}
    verdict = check(plain_subject(texts["current"], texts["candidate"]), policy, today=today)
    if sarif is not None:
        document = to_sarif(verdict, policy, candidate, texts["candidate"])
        if sarif == STDOUT:
            click.echo(json.dumps(document, indent=2))
            return int(verdict.decision == "block")
        _write(sarif, json.dumps(document, indent=2) + "\n")
    emit(as_json, _document(verdict), lambda: told(verdict, texts, visible("".join(texts.values()))))
    return int(verdict.decision == "block")


def _text(file: str) -> str:
    text = read_text(file)
    if len(text) > TEXT_LIMIT:
        raise InputError(f"the text has {len(text)} characters", file, f"Keep it under {TEXT_LIMIT}.")
    return text


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError((error.strerror or "cannot be written").lower(), file, "Name another file.") from error


def _batch(file: str, policy: Policy, today: date) -> int:
    for row in rows(file):
        parsed = read_row(row.text, row.place)
        verdict = check(row_subject(parsed), policy, today=today)
        line = {
            "id": parsed.id,
            "decision": verdict.decision,
            "fired": list(verdict.fired),
            "findings": [_finding(f) for f in verdict.findings],
        }
        click.echo(json.dumps(line, ensure_ascii=(sys.stdout.encoding or "").lower() != "utf-8"))
    return 0


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "policy": found.policy,
        "rule": found.rule,
        "severity": found.severity,
        "message": found.message,
        "spans": to_json(found.spans),
    }


def _document(verdict: Verdict) -> dict[str, Any]:
    return {**to_json(verdict), "fired": list(verdict.fired)}
