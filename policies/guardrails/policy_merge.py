"""Packs and one prompt's file become one policy: lists add up, the smaller limit and the higher level win."""

from policies.guardrails.policy import CHECKS, Contract, Example, Policy, ProtectedClause, Waiver
from policies.guardrails.policy_shape import (
    LEVELS,
    BudgetShape,
    CheckShape,
    ContractShape,
    PolicyFile,
    ProtectedShape,
)
from policies.verdict import Severity


def merge(said: PolicyFile, packs: tuple[tuple[str, PolicyFile], ...], place: str) -> Policy:
    """One policy of a prompt's file and its packs, which may only add and tighten; place names the file."""
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
        "output-contract": any(f.contract != ContractShape() for f in files),
        "length-budget": any(f.budget != BudgetShape() for f in files),
        "forbidden-phrase": any(f.lexicon.forbidden for f in files),
        "brand": any(f.lexicon.must_keep for f in files),
        "unknown-url": any(f.urls.allow for f in files),
        "language": any(f.language for f in files),
        "config": any(f.models.allow for f in files),
    }
    return frozenset(name for name, filled in sections.items() if filled)


def _protected(p: ProtectedShape) -> ProtectedClause:
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


def _levels(files: list[PolicyFile], checks: dict[str, CheckShape]) -> dict[str, Severity]:
    levels: dict[str, Severity] = {name: check.level for name, check in checks.items() if check.level is not None}
    for file in files:
        for rule, level in file.rules.items():
            if rule not in levels or LEVELS.index(level) > LEVELS.index(levels[rule]):
                levels[rule] = level
    return levels


def _examples(checks: dict[str, CheckShape]) -> list[Example]:
    return [
        Example(check=name, good=good, **row.model_dump())
        for name, check in sorted(checks.items())
        for good, rows in ((True, check.good), (False, check.bad))
        for row in rows
    ]
