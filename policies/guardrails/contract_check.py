"""Compare the stated contracts of both sides; what the policy file declares beats what is inferred."""

import re
from collections.abc import Iterator

from policies.guardrails.contract import NOT_LABELS, Stated, compatible, stated
from policies.guardrails.document import find_words
from policies.guardrails.layout import check_layout
from policies.guardrails.options import check_options
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding

LABEL_LINE = re.compile(r"^[`\"']?([A-Za-z][\w -]{0,30}?)[`\"']?\s*(?:$|[:=-]|\()")
AROUND = re.compile(
    (
        r"\b(?:before|after|around|above|below|in addition to|outside(?: of)?|precede|"
        r"preceding) the (?:json|object|label|xml|answer object)\b|\bwrap\b[^.\n]{0,40}\b(?:markdown|"
        r"code block|fence|html)"
    ),
    re.IGNORECASE,
)


def check_contract(scene: Scene) -> Iterator[Finding]:
    """Keys, types, labels, fixed sentences, tools and format: what the reader of the answers relies on."""
    before, after = stated(scene.current), stated(scene.candidate)
    yield from _keys(before, after)
    yield from _labels(scene, before, after)
    yield from check_options(scene, frozenset(n.lower() for n in after.all_labels))
    yield from check_layout(scene, before, after)
    yield from _sentinels(scene, before)
    yield from _marks(scene)
    yield from _tools(scene, before, after)
    yield from _format(scene, before, after)
    yield from _declared(scene, after)


def _broken(rule: str, message: str, hint: str) -> Finding:
    return finding("output-contract", rule, "block", message, fix_hint=hint)


def _keys(before: Stated, after: Stated) -> Iterator[Finding]:
    for key in sorted(before.keys.keys() - after.keys.keys()):
        yield _broken("key-lost", f"the output key '{key}' is gone", f"Keep the key '{key}'.")
    if before.keys:
        for key in sorted(after.keys.keys() - before.keys.keys()):
            yield _broken("key-added", f"the output key '{key}' is new", f"Remove the key '{key}'.")
    for key in sorted(before.keys.keys() & after.keys.keys()):
        old, new = before.keys[key], after.keys[key]
        if not compatible(old, new):
            yield _broken(
                "type-changed", f"the output key '{key}' changed from {old} to {new}", f"Keep '{key}' as {old}."
            )


def _labels(scene: Scene, before: Stated, after: Stated) -> Iterator[Finding]:
    lines = {m.group(1).strip() for r in scene.candidate.reads for m in [LABEL_LINE.match(r.unit.text)] if m}
    there = {_fold(n) for n in after.all_labels | lines}
    reported: set[str] = set()
    for labels in before.labels:
        if any(_lists_all(r.unit.text, labels) for r in scene.candidate.live):
            continue
        lost = sorted(n for n in labels if _fold(n) not in there and n not in reported)
        reported.update(lost)
        if lost:
            yield _broken(
                "label-lost",
                f"the answer '{', '.join(lost)}' is no longer among the allowed ones",
                f"Keep {', '.join(sorted(labels))}.",
            )
    known = {_fold(n) for n in before.all_labels}
    for labels in after.labels:
        gained = sorted(n for n in labels if _fold(n) not in known)
        if gained and len(gained) < len(labels):
            yield _broken(
                "label-added",
                f"the answer '{', '.join(gained)}' is new among the allowed ones",
                f"Remove {', '.join(gained)}.",
            )


def _lists_all(text: str, labels: frozenset[str]) -> bool:
    """A sentence that names every label of a set is its list, however it is introduced."""
    return all(_names(text, label) for label in labels)


def _fold(label: str) -> str:
    return label if label.isupper() else label.lower()


def _sentinels(scene: Scene, before: Stated) -> Iterator[Finding]:
    whole = " ".join(r.plain for r in scene.candidate.live if r.plain)
    for said, unit in before.sentinels.items():
        if find_words(whole, scene.plain(said)) < 0:
            spans = [scene.current.unit_span(unit)] if unit else []
            yield finding(
                "output-contract",
                "sentence-changed",
                "block",
                f"the fixed sentence '{short(said)}' is gone or changed",
                spans=spans,
                fix_hint=f"Keep it word for word: {said}",
            )


MARKED = re.compile(
    r"\b(?:mark|label|tag|flag|classify|rate|set|put|return|answer|reply|write)\b(?: \w+){0,4}? (?:as |to |with |= "
    r")?([A-Z]{4,}[A-Z_]*)\b"
)


def _marks(scene: Scene) -> Iterator[Finding]:
    """`mark it URGENT`: a word in capitals that the answer shall carry and that the candidate no longer names."""
    words = {w for r in scene.current.live for w in MARKED.findall(r.unit.text)} - NOT_LABELS
    lost = sorted(w for w in words if not _names(scene.candidate.clean.text, w))
    if lost:
        yield _broken("label-lost", f"the mark '{', '.join(lost)}' is gone", f"Keep {', '.join(lost)}.")


def _tools(scene: Scene, before: Stated, after: Stated) -> Iterator[Finding]:
    known = {*scene.setting("tools"), *scene.policy.contract.tools}
    for name, arguments in before.tools.items():
        if name not in after.tools and (name in known or not known):
            yield _broken("tool-lost", f"the tool {name}({', '.join(arguments)}) is gone", f"Keep {name}.")
        elif name in after.tools and after.tools[name] != arguments and (arguments or after.tools[name]):
            yield _broken(
                "tool-changed",
                f"the tool {name} takes ({', '.join(after.tools[name])}) instead of ({', '.join(arguments)})",
                f"Keep the signature of {name}.",
            )
    for name in sorted(known):
        if (
            name not in before.tools
            and _names(scene.current.clean.text, name)
            and not _names(scene.candidate.clean.text, name)
        ):
            yield _broken("tool-lost", f"the tool {name} is gone", f"Keep {name}.")
    if before.tools:
        for name in sorted(after.tools.keys() - before.tools.keys() - known):
            yield _broken("tool-added", f"the tool {name} is new and not declared", f"Remove {name} or declare it.")


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _format(scene: Scene, before: Stated, after: Stated) -> Iterator[Finding]:
    structured = {"json", "xml", "yaml", "csv", "html", "tsv"}
    for name in sorted((before.formats & structured) - after.formats):
        if not (name == "json" and after.keys.keys() >= before.keys.keys() and before.keys):
            yield _broken(
                "format-lost",
                f"the answer is no longer asked for as {name.upper()}",
                f"Ask for {name.upper()} as before.",
            )
    if before.formats & structured:
        for name in sorted((after.formats & structured) - before.formats):
            yield _broken(
                "format-added", f"{name.upper()} is a new answer format", f"Keep {', '.join(sorted(before.formats))}."
            )
    for low, high in sorted(before.scales - after.scales):
        if after.scales - before.scales:
            yield _broken("scale-changed", f"the scale {low} to {high} changed", f"Keep {low} to {high}.")
    if before.nothing_else and not after.nothing_else:
        yield _broken("extra-text", "the rule that the answer holds nothing else is gone", "Keep that rule.")
    for read in scene.fresh:
        if (
            read.unit.live
            and before.formats & structured
            and AROUND.search(read.unit.text)
            and not read.frame.prohibits
        ):
            yield finding(
                "output-contract",
                "extra-text",
                "block",
                "text around the structured answer is asked for",
                spans=[scene.candidate.unit_span(read.unit)],
                fix_hint="Ask for the structured answer alone.",
            )


def _declared(scene: Scene, after: Stated) -> Iterator[Finding]:
    contract, text = scene.policy.contract, scene.candidate.clean.text
    for key in contract.json_keys:
        if key not in after.keys and not _names(text, key):
            yield _broken("key-lost", f"the declared output key '{key}' is not in the prompt", f"Name the key '{key}'.")
    for name, values in contract.enums.items():
        lost = [v for v in values if not _names(text, v)]
        if lost:
            yield _broken(
                "label-lost",
                f"declared values of '{name}' are not in the prompt: {', '.join(lost)}",
                f"Name {', '.join(values)}.",
            )
    for said in contract.sentinel:
        if find_words(scene.candidate.stream, scene.plain(said)) < 0:
            yield _broken(
                "sentence-changed",
                f"the declared sentence '{short(said)}' is not in the prompt",
                f"Use it word for word: {said}",
            )
    for name in contract.tools:
        if not _names(text, name):
            yield _broken("tool-lost", f"the declared tool {name} is not in the prompt", f"Name {name}.")
