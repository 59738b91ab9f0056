"""Policy files: strict YAML that extends shipped packs, and may only add or tighten."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from library.errors import InputError
from policies.guardrails.policy import CHECKS, Policy
from policies.guardrails.policy_merge import merge
from policies.guardrails.policy_shape import LEVELS, PolicyFile
from policies.guardrails.self_test import SelfTestFailure, self_test

__all__ = ["PolicyFile", "SelfTestFailure", "load_policy", "pack_names", "parse_policy", "self_test"]

PACKS = Path(__file__).resolve().parent.parent / "packs"
DEFAULT_PACKS = ("pack:base", "pack:privacy", "pack:injection", "pack:tools", "pack:style")


def pack_names() -> tuple[str, ...]:
    """Shipped packs, sorted, as `pack:name`."""
    return tuple(sorted(f"pack:{p.stem}" for p in PACKS.glob("*.yaml") if p.stem != "rulebook"))


def load_policy(text: str | None, place: str) -> Policy:
    """Read a policy file; None means the default packs. InputError names the file and the key at fault in one line."""
    said = parse_policy(text, place) if text is not None else PolicyFile(version=1)
    names = DEFAULT_PACKS if said.extends is None else said.extends
    packs = tuple((name, _pack(name, place)) for name in dict.fromkeys(names))
    _check_levels(said, packs, place)
    _check_identity(said, place)
    return merge(said, packs, place)


def parse_policy(text: str, place: str) -> PolicyFile:
    """One strict reading: unknown keys, wrong types and broken YAML are errors with place and key."""
    try:
        raw = yaml.load(text, Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable as YAML"
        raise InputError(f"broken YAML ({problem})", f"{place}{line}", "Correct the line.") from error
    if not isinstance(raw, dict):
        raise InputError(
            "a policy file is a mapping with 'version: 1'", place, "Write 'version: 1' and what to protect."
        )
    try:
        return PolicyFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(k) for k in first["loc"]) or "file"
        thing = f"unknown key '{key}'" if first["type"] == "extra_forbidden" else f"key '{key}': {first['msg']}"
        raise InputError(thing, place, "See docs/policies.md for the keys.") from error


class _UniqueKeys(yaml.SafeLoader):
    """A key written twice would silently drop the first rule."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key.value}' is written twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_PACK_CACHE: dict[str, PolicyFile] = {}


def _pack(name: str, place: str) -> PolicyFile:
    if name in _PACK_CACHE:
        return _PACK_CACHE[name]
    if name not in pack_names():
        raise InputError(
            f"'{name}' is not a shipped pack", f"{place}, key 'extends'", f"Choose from {', '.join(pack_names())}."
        )
    file = PACKS / f"{name.removeprefix('pack:')}.yaml"
    said = parse_policy(file.read_text(encoding="utf-8"), name)
    unknown = [c for c in said.checks if c not in CHECKS]
    if unknown or said.extends:
        raise InputError(f"a pack cannot hold {unknown[0] if unknown else 'extends'}", name, "Correct the pack.")
    _PACK_CACHE[name] = said
    return said


def _check_levels(said: PolicyFile, packs: tuple[tuple[str, PolicyFile], ...], place: str) -> None:
    for rule, level in said.rules.items():
        policy = rule.split("/")[0]
        if policy not in CHECKS:
            raise InputError(f"unknown rule '{rule}'", f"{place}, key 'rules'", f"Choose from {', '.join(CHECKS)}.")
        for name, pack in packs:
            floor = (pack.checks[policy].level if policy in pack.checks else None) or pack.rules.get(rule)
            if floor is not None and LEVELS.index(level) < LEVELS.index(floor):
                raise InputError(
                    f"'{rule}: {level}' is milder than '{floor}' in {name}",
                    f"{place}, key 'rules'",
                    "A file may only tighten; ask an owner for a waiver.",
                )


def _check_identity(said: PolicyFile, place: str) -> None:
    ids = [p.id for p in said.protected]
    for twice in sorted({i for i in ids if ids.count(i) > 1}):
        raise InputError(f"the protected id '{twice}' is used twice", place, "Give each clause an id of its own.")
    if said.waivers and not said.owners:
        raise InputError("waivers need owners", f"{place}, key 'owners'", "Name who may waive.")
    for waiver in said.waivers:
        if waiver.rule.split("/")[0] not in CHECKS:
            raise InputError(
                f"waiver of unknown rule '{waiver.rule}'",
                f"{place}, key 'waivers'",
                f"Choose from {', '.join(CHECKS)}.",
            )
    if said.pack is not None or said.checks:
        raise InputError("'pack' and 'checks' belong to shipped packs", place, "Use 'extends' and 'rules'.")
