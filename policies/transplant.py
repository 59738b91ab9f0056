"""A change that was made to one prompt, put into another: which of its hunks fit there, and where.

Nothing is guessed: an addition needs a place, a rewording the very clause, or one that is nearly the same and that the
rewording only went on from. What finds no place is left out; whoever writes by hand may still be told about it.
"""

from collections.abc import Sequence
from dataclasses import replace

from policies.clause_edits import ALIKE, Hunk, alike, clauses_of, said_already, words_of
from policies.redaction import redact

INPUT = "{"  # a clause that holds a variable is where the input comes: rules stand before it


def transplanted(donor: Sequence[str], hunks: Sequence[Hunk], host: Sequence[str]) -> tuple[Hunk, ...]:
    """The hunks against `donor` as hunks against `host`, those that fit, in their order; `host` says none of them yet.

    What names a secret or a person is left where it is. Prompts of another number of messages take nothing.
    """
    if len(donor) != len(host):
        return ()
    found: list[Hunk] = []
    for hunk in hunks:
        moved = _moved(clauses_of(donor[hunk.part]), hunk, clauses_of(host[hunk.part]))
        if moved is not None and redact(moved.new) == moved.new and not said_already(moved, host):
            found.append(moved)
    return tuple(found)


def _moved(donor: Sequence[str], hunk: Hunk, host: Sequence[str]) -> Hunk | None:
    if hunk.kind == "insert":
        return replace(hunk, at=_place(donor, hunk.at, host))
    at = _twin(hunk.old, host, exact=True)
    if at is not None:
        return replace(hunk, at=at, old=host[at].rstrip())
    return _gone_on(hunk, host) if hunk.kind == "replace" else None


def _place(donor: Sequence[str], at: int, host: Sequence[str]) -> int:
    """Behind the clause that it stood behind; else before the one that it stood before; else before the input."""
    for distance in range(1, at + 1):
        twin = _twin(donor[at - distance], host)
        if twin is not None:
            return twin + 1
    return _before_input(host)


def _before_input(host: Sequence[str]) -> int:
    at = next((i for i, clause in enumerate(host) if INPUT in clause), len(host))
    while at > 0 and not host[at - 1].strip():
        at -= 1
    return at


def _twin(clause: str, host: Sequence[str], *, exact: bool = False) -> int | None:
    """The place of the clause of the host that says the same, word for word or nearly; None where there is none."""
    said = words_of(clause)
    if not said:
        return None
    for at, other in enumerate(host):
        if words_of(other) == said:
            return at
    if exact:
        return None
    best = max(range(len(host)), key=lambda i: alike(clause, host[i]), default=None)
    return best if best is not None and alike(clause, host[best]) >= ALIKE else None


def _gone_on(hunk: Hunk, host: Sequence[str]) -> Hunk | None:
    """What a rewording added to the end of its clause, at the end of the clause of the host that is nearly the same."""
    old = hunk.old.rstrip(" .;")
    more, at = hunk.new[len(old) :], _twin(hunk.old, host)
    if at is None or not hunk.new.startswith(old) or not words_of(more) or _says(host[at], more):
        return None
    here = host[at].rstrip()
    return replace(hunk, at=at, old=here, new=here.rstrip(" .;") + more)


def _says(clause: str, more: str) -> bool:
    return " ".join(words_of(more)) in " ".join(words_of(clause))
