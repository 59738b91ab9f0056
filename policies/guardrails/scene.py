"""Both sides read once, with the policy: what every check receives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from policies.guardrails.alignment import Aligned
from policies.guardrails.document import Document, Read, plain_words, read
from policies.guardrails.policy import Policy
from policies.guardrails.subject import Subject
from policies.guardrails.words import Synonyms
from policies.verdict import Finding, Severity, Span


@lru_cache(maxsize=32)
def synonyms_of(extra: tuple[tuple[str, ...], ...]) -> Synonyms:
    """The shipped synonyms with a policy's own; built once per set."""
    return Synonyms(extra)


@dataclass(frozen=True)
class Scene:
    """Approved prompt and candidate side by side, under one policy."""

    subject: Subject
    policy: Policy
    counterparts: dict[str, Aligned | None] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def synonyms(self) -> Synonyms:
        return synonyms_of(self.policy.synonyms)

    @cached_property
    def current(self) -> Document:
        return read(self.subject.current, "current", self.synonyms)

    @cached_property
    def candidate(self) -> Document:
        approved = frozenset(r.plain for r in self.current.reads)
        return read(self.subject.candidate, "candidate", self.synonyms, approved)

    @cached_property
    def fresh(self) -> tuple[Read, ...]:
        """Units of the candidate whose words do not stand in the approved prompt."""
        known = {r.plain for r in self.current.reads}
        return tuple(r for r in self.candidate.reads if r.plain and r.plain not in known)

    @cached_property
    def before(self) -> str:
        """Raw text of the approved prompt, without reading it into units."""
        return self.subject.current.full_text

    @cached_property
    def after(self) -> str:
        """Raw text of the candidate."""
        return self.subject.candidate.full_text

    def place(self, start: int, end: int) -> Span:
        """Span of the candidate in raw offsets."""
        return Span(side="candidate", start=start, end=end, text=self.after[start:end])

    @property
    def effort(self) -> int:
        """Pairs of an approved and a new unit: what the cost of a comparison grows with."""
        return len(self.current.reads) * len({r.plain for r in self.fresh})

    @cached_property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """(approved, candidate) raw texts per message where the messages pair up, else both as one."""
        before, after = self.subject.current, self.subject.candidate
        if before.messages and len(before.messages) == len(after.messages):
            pairs = zip(before.messages, after.messages, strict=True)
            return tuple((a.content, b.content) for a, b in pairs)
        return ((before.full_text, after.full_text),)

    def plain(self, text: str) -> str:
        """A text in the form in which verbatim is decided."""
        return plain_words(self.synonyms.tokens(text))

    def setting(self, key: str) -> tuple[str, ...]:
        """A list of strings from the metadata of the subject."""
        value = self.subject.metadata.get(key) or ()
        return tuple(str(v) for v in value) if isinstance(value, Sequence) and not isinstance(value, str) else ()

    def budget(self, key: str) -> float | None:
        """A number from the metadata's budget."""
        budget = self.subject.metadata.get("budget")
        value = budget.get(key) if isinstance(budget, Mapping) else None
        return float(value) if isinstance(value, (int, float)) else None


Check = Callable[[Scene], Iterable[Finding]]


def finding(
    policy: str,
    rule: str,
    severity: Severity,
    message: str,
    *,
    spans: Iterable[Span] = (),
    fix_hint: str = "",
    clause_id: str | None = None,
    evidence: Mapping[str, str] | None = None,
) -> Finding:
    """A finding with its spans in order."""
    return Finding(
        policy=policy,
        rule=rule,
        severity=severity,
        message=message,
        fix_hint=fix_hint,
        spans=tuple(spans),
        clause_id=clause_id,
        evidence=evidence or {},
    )


def short(text: str, limit: int = 120) -> str:
    """One line of a text for a message."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
