"""`promptkeeper policies`: what the guardrails check, and whether the checks do what their examples say."""

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.output import emit, table, with_json, wrapped
from agent.entrypoints.cli.reading import read_text

HERE = "agent.entrypoints.cli.policies"
SHIPPED = "shipped packs"

command = LazyGroup(
    name="policies",
    help="Guardrail policies: list, test.",
    table={
        "list": (f"{HERE}:list_command", "The checks of the shipped packs."),
        "test": (f"{HERE}:test_command", "Run every check on its own examples."),
    },
)


@click.command("list")
@with_json
def list_command(as_json: bool) -> None:
    """List the checks of the shipped packs and what each objects to."""
    from policies.guardrails.policy_file import load_policy, pack_names

    packs = [(name, load_policy(f"{{version: 1, extends: [{name}]}}", name)) for name in pack_names()]
    found = [(name, check, policy.about[check]) for name, policy in packs for check in policy.checks]
    document = [{"pack": name, "check": check, "about": about} for name, check, about in found]
    emit(as_json, document, lambda: "\n".join(wrapped(about, first=f"{n:<16}{c:<20}") for n, c, about in found))


@click.command("test")
@click.argument("file", required=False)
@with_json
def test_command(file: str | None, as_json: bool) -> int:
    """Run every check of policy FILE (without one, of the shipped packs) on its good and bad examples.

    Exit 1 when a check does not do what an example says.
    """
    from policies.guardrails.policy_file import load_policy, self_test

    policy = load_policy(read_text(file) if file is not None else None, file or SHIPPED)
    failures = self_test(policy)
    count = len(policy.examples)
    document = {"policy": policy.place, "digest": policy.digest, "examples": count, "failures": failures}
    rows = [(f.check, f.wanted, f.current, f.candidate) for f in failures]
    good = f"{policy.place}: {len(policy.checks)} checks did what their {count} examples say"
    emit(as_json, document, lambda: table(("check", "wanted", "current", "candidate"), rows) if failures else good)
    return int(bool(failures))
