"""Variables of the template: none lost, none invented, no damaged braces."""

import re
from collections.abc import Iterator

from library.errors import InputError
from library.prompts import Content, Format
from library.templates import parse
from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding, Span

NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
MUSTACHE = re.compile(r"(?<!\{)\{\{\s*(" + NAME + r")\s*\}\}(?!\})|(?<=\{)\{\{\s*(" + NAME + r")\s*\}\}(?=\})")
SINGLE = re.compile(r"(?<![{$])\{\s?(" + NAME + r")\s?\}(?!\})")
DAMAGED = (
    ("an opening brace without its close", r"(?<!\{)\{{1,2}\s?(?:%s)(?![\w.-])(?!\s?\})"),
    ("a closing brace without its opening", r"(?<![\w.{-])(?<!\{\s)(?:%s)\s?\}{1,2}(?!\})"),
    ("unequal braces", r"(?<!\{)\{\s?(?:%s)\s?\}\}(?!\})|(?<!\{)\{\{\s?(?:%s)\s?\}(?!\})"),
    ("a blank in the braces", r"\{\s\{|\}\s\}"),
)


def guess_format(text: str) -> Format:
    """`{{x}}` means mustache, else f-string: for plain files whose format nobody stated."""
    doubled = MUSTACHE.findall(text)
    single = SINGLE.findall(text)
    return "mustache" if doubled and len(doubled) >= len(single) else "f-string"


def names(content: Content, *, strict: bool) -> tuple[str, ...]:
    """Variables in order of first use; without strict, braces that are not variables are left alone."""
    texts = [m.content for m in content.messages] if content.messages else [content.text]
    if strict:
        pieces = (p.name for t in texts for p in parse(t, content.format) if p.name is not None)
        return tuple(dict.fromkeys(pieces))
    pattern = MUSTACHE if content.format == "mustache" else SINGLE
    return tuple(dict.fromkeys(next(g for g in m.groups() if g) for t in texts for m in pattern.finditer(t)))


def check_variables(scene: Scene) -> Iterator[Finding]:
    """Declared variables (of the subject, the policy file, else of the approved prompt) against the candidate's."""
    subject, policy = scene.subject, scene.policy
    strict = subject.strict_templates
    try:
        current = names(subject.current, strict=strict)
    except InputError:
        strict, current = False, names(subject.current, strict=False)
    declared = dict.fromkeys(
        [*(current if subject.variables is None else subject.variables), *policy.required_variables]
    )
    optional = {*subject.optional_variables, *policy.optional_variables, *scene.setting("optional_variables"), *current}
    try:
        used = names(subject.candidate, strict=strict)
    except InputError as error:
        yield finding(
            "variables",
            "syntax",
            "block",
            f"the template does not parse: {error.thing}",
            spans=_damage(scene, tuple(declared)),
            fix_hint=error.mend,
        )
        used = names(subject.candidate, strict=False)
    for name in declared:
        if name not in used and (name in current or name not in optional or name in policy.required_variables):
            yield finding(
                "variables",
                "missing",
                "block",
                f"variable '{name}' is gone, so its value never reaches the model",
                spans=_uses(scene, name),
                fix_hint=f"Use {_spelled(scene, name)} where its value belongs.",
                evidence={"variable": name},
            )
    for name in used:
        if name not in declared and name not in optional:
            yield finding(
                "variables",
                "undeclared",
                "block",
                f"variable '{name}' is new and nothing fills it",
                spans=_in_candidate(scene, name),
                fix_hint=f"Remove '{name}' or declare it.",
                evidence={"variable": name},
            )
    yield from _unescaped(scene, strict=strict)
    if not strict:
        yield from _damaged(scene, tuple(declared))


ESCAPED_OBJECT = re.compile(r"(?<!\{)\{\{(?=\s*\")")
BARE_OBJECT = re.compile(r"(?<!\{)\{(?=\s*\"[\w -]{1,40}\"\s*:)")


def _unescaped(scene: Scene, *, strict: bool) -> Iterator[Finding]:
    """Where `{x}` is a slot and JSON stood in doubled braces, single braces around JSON no longer render."""
    before, after = scene.subject.current.full_text, scene.candidate.raw
    if strict or not SINGLE.search(before) or not ESCAPED_OBJECT.search(before) or BARE_OBJECT.search(before):
        return
    for match in BARE_OBJECT.finditer(after):
        yield finding(
            "variables",
            "syntax",
            "block",
            "damaged template syntax: the braces around JSON are no longer doubled",
            spans=[scene.candidate.raw_span(match.start(), match.end())],
            fix_hint="Double the braces that are not variables.",
        )
        return


def _spelled(scene: Scene, name: str) -> str:
    return "{{" + name + "}}" if scene.subject.current.format == "mustache" else "{" + name + "}"


def _uses(scene: Scene, name: str) -> list[Span]:
    pattern = re.compile(r"\{+\s*" + re.escape(name) + r"\s*\}+")
    return [scene.current.raw_span(m.start(), m.end()) for m in pattern.finditer(scene.current.raw)]


def _in_candidate(scene: Scene, name: str) -> list[Span]:
    pattern = re.compile(r"\{+\s*" + re.escape(name) + r"\s*\}+")
    return [scene.candidate.raw_span(m.start(), m.end()) for m in pattern.finditer(scene.candidate.raw)]


def _damage(scene: Scene, known: tuple[str, ...]) -> list[Span]:
    return [span for _, span in _traces(scene, known)]


def _traces(scene: Scene, known: tuple[str, ...]) -> Iterator[tuple[str, Span]]:
    if not known:
        return
    either = "|".join(re.escape(n) for n in sorted(known))
    for what, pattern in DAMAGED:
        compiled = re.compile(pattern.replace("%s", either))
        before = {m.group() for m in compiled.finditer(scene.current.raw)}
        for match in compiled.finditer(scene.candidate.raw):
            if match.group() not in before:
                yield what, scene.candidate.raw_span(match.start(), match.end())


def _damaged(scene: Scene, known: tuple[str, ...]) -> Iterator[Finding]:
    if scene.subject.current.full_text.count("{") == 0 and "{" not in scene.candidate.raw:
        return
    for what, span in _traces(scene, known):
        yield finding(
            "variables",
            "syntax",
            "block",
            f"damaged template syntax: {what}",
            spans=[span],
            fix_hint="Restore the braces of the variable.",
        )
