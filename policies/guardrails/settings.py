"""Model settings and chat shape: another model or another cast of messages is a change of its own."""

from collections.abc import Iterator

from library.prompts import canonical_json
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding, Severity


def check_config(scene: Scene) -> Iterator[Finding]:
    """A change of `config` flags, another model blocks unless the policy allows it, a lost message blocks."""
    before, after = scene.subject.current, scene.subject.candidate
    for key in sorted({*before.config, *after.config}):
        old, new = before.config.get(key), after.config.get(key)
        if canonical_json(old) == canonical_json(new):
            continue
        allowed = key == "model" and new in scene.policy.allowed_models
        level: Severity = "block" if key in {"model", "tools"} and not allowed else "flag"
        yield finding(
            "config",
            key,
            level,
            f"setting '{key}' changed: {short(canonical_json(old), 60)} -> {short(canonical_json(new), 60)}",
            fix_hint=f"Leave '{key}' as it is.",
        )
    if before.kind != after.kind or before.format != after.format:
        yield finding(
            "config",
            "kind",
            "block",
            f"kind or format changed: {before.kind}/{before.format} -> {after.kind}/{after.format}",
            fix_hint="Keep kind and format.",
        )
    roles = [m.role for m in before.messages], [m.role for m in after.messages]
    if before.kind == after.kind == "chat" and roles[0] != roles[1]:
        yield finding(
            "config",
            "messages",
            "flag",
            f"the messages changed: {', '.join(roles[0])} -> {', '.join(roles[1])}",
            fix_hint="Keep the number and roles of messages.",
        )
