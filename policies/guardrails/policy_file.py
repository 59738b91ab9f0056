"""Policy files: strict YAML that extends shipped packs, and may only add or tighten."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from library.errors import InputError
from policies.guardrails.policy import CHECKS, Contract, Example, Policy, ProtectedClause, Waiver
from policies.guardrails.self_test import SelfTestFailure, self_test
from policies.verdict import Severity

__all__ = ["PolicyFile", "SelfTestFailure", "load_policy", "pack_names", "parse_policy", "self_test"]

PACKS = Path(__file__).resolve().parent.parent / "packs"
DEFAULT_PACKS = ("pack:base", "pack:privacy", "pack:injection", "pack:tools", "pack:style")
LEVELS = ("warn", "flag", "block")
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Protected(_Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    text: Text | None = None
    contains_all: tuple[Text, ...] = ()
    mode: Literal["verbatim", "equivalent", "presence"] = "equivalent"
    context: Literal["live", "any"] = "live"
    why: str = ""
    severity: Literal["flag", "block"] = "block"

    @model_validator(mode="after")
    def _one_of_two(self) -> "_Protected":
        if bool(self.text) == bool(self.contains_all):
            raise ValueError("give either 'text' or 'contains_all'")
        return self


class _Variables(_Strict):
    required: tuple[Text, ...] = ()
    optional: tuple[Text, ...] = ()


class _Contract(_Strict):
    tools: tuple[Text, ...] = ()
    json_keys: tuple[Text, ...] = ()
    enums: dict[str, tuple[Text, ...]] = {}
    sentinel: tuple[Text, ...] = ()


class _Budget(_Strict):
    max_chars: Annotated[int, Field(gt=0)] | None = None
    max_growth: Annotated[float, Field(gt=0)] | None = None


class _Lexicon(_Strict):
    forbidden: tuple[Text, ...] = ()
    must_keep: tuple[Text, ...] = ()


class _Urls(_Strict):
    allow: tuple[Text, ...] = ()


class _Models(_Strict):
    allow: tuple[Text, ...] = ()


class _Waiver(_Strict):
    rule: Text
    candidate: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    reason: Text
    by: Text
    expires: date


class _Row(_Strict):
    current: Text
    candidate: Text
    metadata: dict[str, Any] = {}
    current_config: dict[str, Any] = {}
    candidate_config: dict[str, Any] = {}


class _Check(_Strict):
    about: Text
    level: Severity | None = None
    good: Annotated[tuple[_Row, ...], Field(min_length=1)]
    bad: Annotated[tuple[_Row, ...], Field(min_length=1)]


class PolicyFile(_Strict):
    """The shape of a policy file and of a pack (a pack has `pack` and `checks`, and no `extends`)."""

    version: Literal[1]
    pack: str | None = None
    checks: dict[str, _Check] = {}
    extends: tuple[str, ...] | None = None
    prompt: str | None = None
    owners: tuple[Text, ...] = ()
    protected: tuple[_Protected, ...] = ()
    variables: _Variables = _Variables()
    contract: _Contract = _Contract()
    budget: _Budget = _Budget()
    lexicon: _Lexicon = _Lexicon()
    urls: _Urls = _Urls()
    models: _Models = _Models()
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None
    rules: dict[str, Severity] = {}
    synonyms: tuple[Annotated[tuple[Text, ...], Field(min_length=2)], ...] = ()
    waivers: tuple[_Waiver, ...] = ()


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
    return _merge(said, packs, place)


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


def _merge(said: PolicyFile, packs: tuple[tuple[str, PolicyFile], ...], place: str) -> Policy:
    files = [*(p for _, p in packs), said]
    checks = {name: check for p in files for name, check in p.checks.items()}
    limits = [f.budget for f in files]
    domains = [set(f.urls.allow) for f in files if f.urls.allow]
    return Policy(
        place=place,
        checks=tuple(c for c in CHECKS if c in checks or (checks and c in _called_for(files))),
        about={
            **dict.fromkeys(sorted(_called_for(files)), "called for by a section of this file"),
            **{name: checks[name].about for name in sorted(checks)},
        },
        packs=tuple(name for name, _ in packs),
        owners=said.owners,
        protected=tuple(_protected(p) for f in files for p in f.protected),
        required_variables=tuple(v for f in files for v in f.variables.required),
        optional_variables=said.variables.optional,
        contract=_contract(files),
        max_chars=min((b.max_chars for b in limits if b.max_chars is not None), default=None),
        max_growth=min((b.max_growth for b in limits if b.max_growth is not None), default=None),
        forbidden=tuple(dict.fromkeys(w for f in files for w in f.lexicon.forbidden)),
        must_keep=tuple(dict.fromkeys(w for f in files for w in f.lexicon.must_keep)),
        allowed_domains=tuple(sorted(set().union(*domains))) if domains else (),
        allowed_models=said.models.allow,
        language=said.language,
        levels=_levels(files, checks),
        synonyms=tuple(s for f in files for s in f.synonyms),
        waivers=tuple(Waiver(**w.model_dump()) for w in said.waivers),
        examples=tuple(_examples(checks)),
    )


def _called_for(files: list[PolicyFile]) -> frozenset[str]:
    """Checks that a filled-in section needs: a list of forbidden words is never ignored silently."""
    sections = {
        "protected-clause": any(f.protected for f in files),
        "variables": any(f.variables.required for f in files),
        "output-contract": any(f.contract != _Contract() for f in files),
        "length-budget": any(f.budget != _Budget() for f in files),
        "forbidden-phrase": any(f.lexicon.forbidden for f in files),
        "brand": any(f.lexicon.must_keep for f in files),
        "unknown-url": any(f.urls.allow for f in files),
        "language": any(f.language for f in files),
        "config": any(f.models.allow for f in files),
    }
    return frozenset(name for name, filled in sections.items() if filled)


def _protected(p: _Protected) -> ProtectedClause:
    return ProtectedClause(
        id=p.id,
        text=p.text or "",
        contains_all=p.contains_all,
        mode=p.mode,
        context=p.context,
        why=p.why,
        severity=p.severity,
    )


def _contract(files: list[PolicyFile]) -> Contract:
    enums = {key: values for f in files for key, values in f.contract.enums.items()}
    return Contract(
        json_keys=tuple(k for f in files for k in f.contract.json_keys),
        enums=enums,
        sentinel=tuple(s for f in files for s in f.contract.sentinel),
        tools=tuple(t for f in files for t in f.contract.tools),
    )


def _levels(files: list[PolicyFile], checks: dict[str, _Check]) -> dict[str, Severity]:
    levels: dict[str, Severity] = {name: check.level for name, check in checks.items() if check.level is not None}
    for file in files:
        for rule, level in file.rules.items():
            if rule not in levels or LEVELS.index(level) > LEVELS.index(levels[rule]):
                levels[rule] = level
    return levels


def _examples(checks: dict[str, _Check]) -> list[Example]:
    return [
        Example(check=name, good=good, **row.model_dump())
        for name, check in sorted(checks.items())
        for good, rows in ((True, check.good), (False, check.bad))
        for row in rows
    ]
