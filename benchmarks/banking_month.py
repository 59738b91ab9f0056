"""A month of real messages through the product: when is a degradation noticed, how well is it dated and placed?

    python -m benchmarks.banking_month --data DIR

DIR holds prompt.md, stream.jsonl ({id, ts, inputs, expected, segment}) and golden.jsonl. Three months are replayed with
the embedded student, with sweeps every six hours of the stream's own time:

shipped    the stream as it is: from 2026-09-15 new kinds of message reach cards and money, not account
one area   made from the early messages: in the area account one topic rises from a quarter to three quarters of the
           traffic two weeks in, and nothing else changes
control    the early messages of the stream, shuffled over the month: nothing changes

For each: incidents before the change, days until the one after it, error of its onset, segments that fell at the end;
and the same from one single sweep after the replay.
"""

import argparse
import asyncio
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.bootstrap import opened_services
from agent.replay import Replayed, replay
from agent.settings import load_settings
from agent.steps.monitor import sweep
from library.incidents import Incident
from library.prompts import PRODUCTION, Actor, Content
from library.store.stores import Library, open_library
from policies.rulebook import read_rulebook

NAME = "support/triage"
CHANGE = datetime(2026, 9, 15, tzinfo=UTC)
EVERY = timedelta(hours=6)
AREA, TOPIC = "account", "account_details"
BEFORE, AFTER = 0.25, 0.75
"""Share of the topic in its area, before and after the change."""
SOMEBODY = Actor(name="benchmark", kind="local", reviewer=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Rows to replay, and the truth: when it changed (None: never) and in which segments."""

    name: str
    rows: tuple[Replayed, ...]
    change: datetime | None
    segments: tuple[str, ...]


def read(file: Path) -> list[Replayed]:
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        ts = datetime.fromisoformat(row["ts"]).astimezone(UTC)
        found.append(
            Replayed(
                id=row["id"], ts=ts, inputs=row["inputs"], expected=row.get("expected"), segment=row.get("segment")
            )
        )
    return sorted(found, key=lambda r: (r.ts, r.id))


def one_area(rows: Sequence[Replayed], change: datetime, seed: int) -> tuple[Replayed, ...]:
    """The same clock with early messages drawn anew; in one area a rare topic becomes the common one at the change."""
    rng = random.Random(seed)
    early = [row for row in rows if row.ts < CHANGE]
    elsewhere = {s: [r for r in early if r.segment == s] for s in {row.segment for row in early}}
    rising = [r for r in elsewhere[AREA] if r.expected == TOPIC]
    usual = [r for r in elsewhere[AREA] if r.expected != TOPIC]
    made = []
    for row in rows:
        share = AFTER if row.ts >= change else BEFORE
        pool = elsewhere[row.segment] if row.segment != AREA else rising if rng.random() < share else usual
        drawn = rng.choice(pool)
        made.append(replace(row, inputs=drawn.inputs, expected=drawn.expected))
    return tuple(made)


def control(rows: Sequence[Replayed], seed: int) -> tuple[Replayed, ...]:
    """The clock of the whole month with the messages of its first half, in random order."""
    rng = random.Random(seed)
    early = [row for row in rows if row.ts < CHANGE]
    drawn = [*rng.sample(early, len(early)), *rng.choices(early, k=len(rows) - len(early))]
    return tuple(
        replace(row, inputs=d.inputs, expected=d.expected, segment=d.segment)
        for row, d in zip(rows, drawn, strict=True)
    )


async def run(month: Month, prompt: str, folder: Path, *, live: bool) -> tuple[Library, tuple[Incident, ...]]:
    """Replay a month into a fresh library, with sweeps on the way or one at the end; its incidents, oldest first."""
    folder.mkdir()
    (folder / "promptkeeper.toml").write_text("", encoding="utf-8")
    settings = load_settings(folder, {})
    (folder / ".promptkeeper").mkdir()
    library = open_library(settings.library_url)
    began = month.rows[0].ts
    library.prompts.create(NAME, actor=SOMEBODY, now=began)
    version = library.prompts.add_version(NAME, Content(text=prompt), actor=SOMEBODY, now=began)
    library.prompts.move_label(
        NAME, PRODUCTION, version.number, expected=None, actor=SOMEBODY, reason="start", now=began
    )
    async with opened_services(settings, library) as services:
        async for _ in replay(services, version, month.rows, every=EVERY if live else None, scope="benchmark"):
            pass
    end = month.rows[-1].ts + EVERY
    sweep(library, read_rulebook(None, "shipped").health, now=end, until=end)
    return library, tuple(sorted(library.incidents.list(), key=lambda i: i.id))


def told(month: Month, incidents: Sequence[Incident]) -> str:
    """One line of figures."""
    if month.change is None:
        return f"{len(incidents)} incidents (0 is right)"
    false = [i for i in incidents if i.degradation.detected_at < month.change]
    real = [i for i in incidents if i.degradation.detected_at >= month.change]
    if not real:
        return f"{len(false)} false incidents; the change was NOT noticed"
    seen = real[0].degradation
    late = (seen.detected_at - month.change) / timedelta(days=1)
    first, now = ((at - month.change) / timedelta(days=1) for at in (seen.known_by, seen.onset))
    more = f"; {len(real) - 1} more incidents" if len(real) > 1 else ""
    return (
        f"{len(false)} false incidents; noticed after {late:.1f} days; onset off by {first:+.2f} days then and "
        f"{now:+.2f} at the end; fell: {', '.join(seen.fallen) or '-'} (true: {', '.join(month.segments)}); "
        f"blamed: {seen.segment or 'everywhere'}{more}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A month of real messages through the product.")
    parser.add_argument("--data", type=Path, required=True, help="folder with prompt.md and stream.jsonl")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one of: shipped, one area, control")
    options = parser.parse_args()
    prompt = (options.data / "prompt.md").read_text(encoding="utf-8")
    rows = tuple(read(options.data / "stream.jsonl"))
    months = (
        Month(name="shipped", rows=rows, change=CHANGE, segments=("cards", "money")),
        Month(name="one area", rows=one_area(rows, CHANGE, options.seed), change=CHANGE, segments=(AREA,)),
        Month(name="control", rows=control(rows, options.seed), change=None, segments=()),
    )
    with tempfile.TemporaryDirectory() as folder:
        for month in (m for m in months if options.only in (None, m.name)):
            for live in (True, False):
                how = "sweeps every 6 h" if live else "one sweep at the end"
                place = Path(folder) / f"{month.name.replace(' ', '-')}-{live}"
                library, incidents = asyncio.run(run(month, prompt, place, live=live))
                library.db.close()
                print(f"{month.name}, {how}: {told(month, incidents)}", flush=True)


if __name__ == "__main__":
    main()
