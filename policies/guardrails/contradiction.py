"""New text against surviving clauses: permissions for what is forbidden, releases from duties, overridden rules."""

import re
from collections.abc import Iterator
from dataclasses import replace

from policies.guardrails.clauses import Clause, found_clauses, is_style
from policies.guardrails.conflict import conflict
from policies.guardrails.counterpart import counterpart
from policies.guardrails.document import Read
from policies.guardrails.doors import hangs_on, opens_exception, overrides, restates, trusts_claim
from policies.guardrails.frames import Frame, frame
from policies.guardrails.leanings import harmless, leans
from policies.guardrails.matter import with_kinds
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding

QUOTATION = re.compile(r'"[^"]*"')


def check_contradictions(scene: Scene) -> Iterator[Finding]:
    """Units that are new in the candidate, against the clauses of the approved prompt."""
    clauses = found_clauses(scene)
    reworded = {c.id: _stand_in(scene, c) for c in clauses}
    judged = tuple(part for c in clauses for part in (c, *second_part(c, scene)))
    origins = _origins(scene)
    standing_in = frozenset().union(*reworded.values())
    added = {plain for plain, found in origins.items() if not found and plain not in standing_in} if clauses else set()
    seen: set[str] = set()
    for read in scene.fresh:
        if read.unit.context not in {"live", "retired"} or read.plain in seen:
            continue
        seen.add(read.plain)
        found_one = overrides(scene, read) or opens_exception(scene, read) or trusts_claim(scene, read)
        if found_one is None and not any(read.plain in plains for plains in reworded.values()):
            found_one = hangs_on(scene, read, clauses)
        if found_one is not None:
            yield found_one
            continue
        others = tuple(c for c in judged if read.plain not in reworded[c.id])
        against = list(_against_clauses(scene, read, others, origins[read.plain]))
        if against and all(f.severity == "flag" for f in against) and harmless(read.frame, scene.synonyms):
            continue
        if (
            not against
            and read.plain in added
            and not is_style(read.frame)
            and leans(read.frame, scene.synonyms, len(added))
        ):
            against.append(_leaning(scene, read))
        yield from against


def _origins(scene: Scene) -> dict[str, list[Read]]:
    """For the words of each new unit the approved units that it rewords."""
    new = {r.plain: r for r in scene.fresh if r.unit.context in {"live", "retired"}}
    return {plain: [old for old in scene.current.live if restates(old, read)] for plain, read in new.items()}


def _leaning(scene: Scene, read: Read) -> Finding:
    return finding(
        "safety-contradicted",
        "leans-open",
        "flag",
        f"'{short(read.unit.text)}' is said the way exceptions and permissions are",
        spans=[scene.candidate.unit_span(read.unit)],
        fix_hint="Make sure that no rule of the prompt forbids it, or say what it must not touch.",
    )


def _stand_in(scene: Scene, clause: Clause) -> frozenset[str]:
    """The text that took the clause's place is compared with it elsewhere, not as new text."""
    if scene.candidate.locate(clause.plain):
        return frozenset()
    aligned = counterpart(scene, clause)
    return frozenset(r.plain for r in aligned.reads) if aligned else frozenset()


SECOND = re.compile(
    r"^(?:(?P<subject>[^,;:]{3,60}?) )?(?:must|may|shall|should|are|is|can|has to|have to|\w+)\b.*?(?:,| and| but|, "
    r"and|, but)\s+"
    r"(?:must |may |shall |should |are |is |do |to )?(?:never|not)\s+(?:to |be )?(?P<rest>[^,;:]{4,})$",
    re.IGNORECASE,
)


WARNED = re.compile(
    r"\b(?:warn|tell|remind|advise|ask|instruct) (?:\w+ ){1,3}(?:not to|never to|against) (?P<rest>[^,;:]{4,})$",
    re.IGNORECASE,
)
"""`Warn callers not to drink it`: nobody may be told to drink it."""


CASE_HEAD = re.compile(r"^[^:.]{3,80}: (?=[a-z])")


def second_part(clause: Clause, scene: Scene) -> Iterator[Clause]:
    """`Hints must go to the editor and never be published` also forbids: publish hints."""
    warned = WARNED.search(clause.text)
    if warned:
        yield replace(clause, frame=frame(f"Never {warned['rest'].rstrip(' .')}.", scene.synonyms))
    match = SECOND.match(clause.text) if not clause.frame.prohibits else None
    if match:
        case = CASE_HEAD.match(clause.text)
        text = f"{case.group() if case else ''}Never {match['rest'].rstrip(' .')} {match['subject'] or ''}."
        yield replace(clause, frame=frame(text, scene.synonyms))


def _against_clauses(scene: Scene, read: Read, clauses: tuple[Clause, ...], origins: list[Read]) -> Iterator[Finding]:
    text = TRAILING.sub("", EXAMPLE_TAIL.sub("", _unquoted(read.unit.text)))
    said_itself = read.frame if text == read.unit.text else frame(text, scene.synonyms)
    known = any(r.frame.prohibits == read.frame.prohibits for r in origins)

    def said_before() -> bool:
        return known

    added = [frame(piece, scene.synonyms) for piece in _added(text, origins, scene)]
    for clause in clauses:
        said = conflict(clause.frame, said_itself, scene.synonyms, reworded=said_before)
        if said is not None and any(_lived_with(clause, o, said_itself, scene) for o in origins):
            said = None
        pieces = (conflict(clause.frame, piece, scene.synonyms, reworded=lambda: False) for piece in added)
        said = said or next(filter(None, pieces), None)
        if said is None:
            continue
        level, what = said
        message = f"'{short(read.unit.text)}' {what} '{short(clause.text)}'"
        spans = [scene.candidate.unit_span(read.unit)]
        if clause.read is not None:
            spans.insert(0, scene.current.unit_span(clause.read.unit))
        yield finding(
            "safety-contradicted",
            "conflict",
            level,
            message,
            spans=spans,
            fix_hint=f"Remove or reword the new sentence so that it respects: {short(clause.text, 300)}",
            clause_id=clause.id,
        )
        return


PIECE = re.compile(
    r"[,;:]\s+(?:(?:and|or|then|und|oder)\s+)?|\s+and (?=(?:then )?[a-z]+ (?:the|a|an|any|them|it|their|its|his|her)\b)"
)


def _added(text: str, origins: list[Read], scene: Scene) -> Iterator[str]:
    """Parts of a reworded sentence that its approved version did not have, each read by itself."""
    if not origins:
        return
    known = frozenset().union(*(o.frame.content_set for o in origins))
    pieces = PIECE.split(text)
    for piece in pieces if len(pieces) > 1 else ():
        words = {t.lemma for t in scene.synonyms.tokens(piece) if t.subject}
        if len(words) >= 2 and len(words & known) / len(words) <= OLD_SHARE:
            yield piece.strip()


OLD_SHARE = 0.34  # share of words of the approved version up to which a part of a sentence counts as new


ASKED_FOR = re.compile(
    r"\b(?:close|end|finish|answer|reply|say|write|add|open|start|begin|conclude|return|state|mark|label|(?:phrase|"
    r"remark|sentence|hint|line) (?:such as|like)|or|and)\b(?: \w+){0,3} $",
    re.IGNORECASE,
)


def _unquoted(text: str) -> str:
    """Without quotations, except of words that the answer shall hold."""
    return QUOTATION.sub(lambda m: m.group() if ASKED_FOR.search(text[: m.start()]) else " ", text)


TRAILING = re.compile(r",?\s(?:where|because|so that|since)\b[^,;:.]*(?=[.!?]?$)", re.IGNORECASE)
"""A closing clause of place or reason is not what a sentence permits."""
EXAMPLE_TAIL = re.compile(
    r"\b(?:for example|for instance|e\.g\.|zum beispiel|z\. ?b\.)\s?:.*", re.IGNORECASE | re.DOTALL
)
"""What is shown after `for example:` permits nothing."""


def _lived_with(clause: Clause, origin: Read, new: Frame, scene: Scene) -> bool:
    """The approved version of this sentence stood beside the clause, and what was added has nothing to do with it."""
    if origin.frame.prohibits != new.prohibits or origin.frame.weak != new.weak:
        return False
    if conflict(clause.frame, origin.frame, scene.synonyms, reworded=lambda: False) is not None:
        return True
    added = with_kinds(new, scene.synonyms) - with_kinds(origin.frame, scene.synonyms)
    return not added & with_kinds(clause.frame, scene.synonyms)
