"""A proposal as text for a person who decides: what changes, why, and how sure the gain is."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from agent.entrypoints.cli.canary_text import gain_words as measured_words
from agent.entrypoints.cli.output import cell, facts, harmless, shorten, table
from agent.entrypoints.cli.proposal_parts import more_parts
from library.canaries import Canary
from library.canaries import said as state_words
from library.prompts import Content, Version
from library.proposals import Proposal


def proposal_text(proposal: Proposal, base: Version, canary: Canary | None = None) -> str:
    """All of it, most important first. canary: its release in steps, where it had one."""
    return "\n\n".join(_blocks(proposal, base, canary))


def _blocks(proposal: Proposal, base: Version, canary: Canary | None) -> Iterator[str]:
    packet = proposal.packet
    comparison, golden = packet["comparison"], packet["golden"]
    yield facts(
        [
            (
                "proposal",
                f"{proposal.id}, {proposal.state}" + (f" by {proposal.decided_by}" if proposal.decided_by else ""),
            ),
            ("prompt", f"{proposal.prompt}, replaces version {proposal.base_version} under '{proposal.label}'"),
            ("why", packet["diagnosis"].get("sentence", "")),
            ("hypothesis", packet["hypothesis"]),
            ("gain", gain_words(comparison)),
            ("released", None if canary is None else _released(canary)),
            (
                "on",
                f"{comparison['n']} unseen items, {comparison['excluded']} excluded; "
                f"{len(comparison['fixed'])} fixed, {len(comparison['broken'])} broken",
            ),
            ("golden", gain_words(golden) + f" on {golden['n']} items" if golden["n"] else "no golden items"),
            ("anchors", f"{packet['anchors']['checked']} checked, {len(packet['anchors']['broken'])} broken"),
            ("guardrails", _verdict(packet["verdict"])),
            ("risk", packet.get("predicted_risks")),
            ("models", f"student {packet['models']['student']}, teacher {packet['models']['teacher']}"),
            (
                "reproduce",
                f"run {proposal.run_id}, attempt {proposal.attempt_number} of {packet['tried']}, seed {packet['seed']}",
            ),
            ("content", proposal.content_hash),
            ("expires", f"{cell(proposal.expires_at)} UTC"),
        ]
    )
    rows = [
        (s["segment"], s["n"], f"{s['gain']:+.3f}", f"{s['low']:+.3f} to {s['high']:+.3f}")
        for s in comparison["segments"]
    ]
    yield "gain per segment\n" + table(("segment", "n", "gain", "95 % interval"), rows)
    if packet["examples"]:
        yield "examples\n" + "\n".join(_example(e) for e in packet["examples"])
    yield from more_parts(packet)
    yield "what changes\n" + diff_text(base.content, proposal.content)
    if proposal.state == "pending":
        yield (
            f"decide: promptkeeper proposals approve {proposal.id}\n"
            f"        promptkeeper proposals reject {proposal.id} --reason T\n"
            f"        promptkeeper proposals revise {proposal.id} --comment T"
        )


def _released(canary: Canary) -> str:
    """How the release stands, and the gain that production showed beside the promised one above."""
    came = measured_words(canary.realised if canary.ended_at else canary.reading)
    gain = f", gain in production {came}" if came else ""
    return f"canary {canary.id}, {state_words(canary.state)} at {canary.percent} %{gain}"


def gain_words(comparison: Mapping[str, Any]) -> str:
    """The scores on both sides and the paired gain with its interval."""
    return (
        f"{comparison['baseline']:.3f} -> {comparison['candidate']:.3f}, {comparison['gain']:+.3f} "
        f"(95 % {comparison['low']:+.3f} to {comparison['high']:+.3f})"
    )


def _verdict(verdict: Mapping[str, Any]) -> str:
    said = [f"{f['severity']} {f['policy']}: {f['message']}" for f in verdict["findings"]]
    return f"{verdict['decision']} ({'; '.join(said)})" if said else str(verdict["decision"])


def _example(example: Mapping[str, Any]) -> str:
    text = shorten(cell(" | ".join(str(v) for v in example["inputs"].values())), 60)
    return (
        f"  {example['change']:6} {text}\n         wanted {shorten(cell(example['expected']), 24)}, "
        f"was {shorten(cell(example['before']), 24)}, is {shorten(cell(example['after']), 24)}"
    )


def diff_text(old: Content, new: Content) -> str:
    """A unified diff of two contents, message by message for chat prompts."""
    lines = difflib.unified_diff(_lines(old), _lines(new), "live", "proposed", lineterm="", n=1)
    return harmless("\n".join(lines)) or "nothing"


def _lines(content: Content) -> list[str]:
    if content.kind == "text":
        return content.text.splitlines()
    return [line for m in content.messages for line in (f"[{m.role}]", *m.content.splitlines())]
