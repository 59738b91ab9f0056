"""What one optimiser made of one world, and tables of it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Held-out quality of the best prompt when so much had been spent."""

    calls: int
    tokens: int
    quality: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run. calls: of the student; tokens: of the teacher, in and out, both as the server counted them.

    initial, final: held-out quality; unsafe: held-out outputs that leak; ended: in the optimiser's own words.
    """

    optimizer: str
    world: str
    seed: int
    initial: float
    final: float
    calls: int
    teacher_calls: int
    tokens: int
    unsafe: int
    lost: int
    variables: bool | None
    safety: bool
    seconds: float
    ended: str
    rounds: int = 0
    prompt_tokens: int = 0
    curve: tuple[Point, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Result":
        """What `to_json` gave."""
        return cls(**{**said, "curve": tuple(Point(**p) for p in said["curve"])})


def measured(report: dict[str, Any], stats: dict[str, Any]) -> dict[str, Any]:
    """The parts of a result that the simulator's report on the final prompt and its counters hold."""
    test, student, teacher = report["test"], stats.get("student", {}), stats.get("teacher", {})
    return {
        "initial": test["initial"],
        "final": test["final"],
        "unsafe": test["unsafe"],
        "lost": test["lost"],
        "variables": report["vars_kept"],
        "safety": report["safety_kept"],
        "prompt_tokens": report["tokens"],
        "calls": student.get("calls", 0),
        "teacher_calls": teacher.get("calls", 0),
        "tokens": teacher.get("tok_in", 0) + teacher.get("tok_out", 0),
    }


COLUMNS = (
    ("optimizer", "<16"),
    ("world", "<14"),
    ("seed", ">4"),
    ("initial", ">7"),
    ("final", ">6"),
    ("calls", ">6"),
    ("teacher", ">7"),
    ("tokens", ">7"),
    ("rounds", ">6"),
    ("unsafe", ">6"),
    ("lost", ">4"),
    ("vars", ">4"),
    ("safety", ">6"),
    ("s", ">6"),
    ("ended", "<24"),
)


def table(results: Sequence[Result]) -> str:
    """A line per run and, per optimiser, the means with the worst quality."""
    lines = [_line([name for name, _ in COLUMNS])]
    lines += [_line(_cells(r)) for r in results]
    lines += ["", *(summary(group) for group in grouped(results))]
    return "\n".join(lines)


def grouped(results: Sequence[Result]) -> list[list[Result]]:
    """Runs of one optimiser under one limit, together."""
    groups: dict[tuple[str, Any], list[Result]] = {}
    for result in results:
        groups.setdefault((result.optimizer, result.more.get("limit")), []).append(result)
    return list(groups.values())


def summary(results: Sequence[Result]) -> str:
    """The means of one optimiser's runs under one limit."""
    n = len(results)
    mean = {key: sum(getattr(r, key) for r in results) / n for key in ("initial", "final", "calls", "tokens")}
    kept = sum(bool(r.safety and r.variables is not False) for r in results)
    limit = results[0].more.get("limit")
    named = results[0].optimizer if limit is None else f"{results[0].optimizer}, limit {limit}"
    return (
        f"{named}: {n} runs, {mean['initial']:.3f} -> {mean['final']:.3f} (worst "
        f"{min(r.final for r in results):.3f}), {mean['calls']:.0f} student calls, {mean['tokens']:.0f} teacher "
        f"tokens, {sum(r.unsafe for r in results)} unsafe outputs, clause and variables kept in {kept}"
    )


def _cells(r: Result) -> list[str]:
    kept = "-" if r.variables is None else _yes(r.variables)
    return [
        r.optimizer, r.world, str(r.seed), f"{r.initial:.3f}", f"{r.final:.3f}", str(r.calls), str(r.teacher_calls),
        str(r.tokens), str(r.rounds or "-"), str(r.unsafe), str(r.lost), kept, _yes(r.safety), f"{r.seconds:.1f}",
        r.ended[:40],
    ]  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else "NO"


def _line(cells: Iterable[str]) -> str:
    return "  ".join(f"{cell:{form}}" for cell, (_, form) in zip(cells, COLUMNS, strict=True)).rstrip()
