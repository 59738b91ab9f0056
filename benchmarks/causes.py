"""Does the diagnosis name the right cause? Seeded scenarios through ingest, sweep and examination.

    python -m benchmarks.causes [--seed N] [--other | --wild] [--early] [--only WORD] [--show]

Prints a row for each scenario that is judged wrongly (all with --show), a table by class, and the pairs of causes.
--other: domains of other wording, made by a grammar. --wild: five languages, and circumstances that are drawn by the
seed (traffic, severity, suddenness, other prompts). --early: sweeps every six hours, and the diagnosis is made as soon
as there is an incident, instead of at the end. See docs/diagnosis.md.
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from agent.examination import examine, traffic_of
from agent.steps.monitor import sweep
from benchmarks.causes_scenarios import scenarios
from benchmarks.causes_traffic import Scenario, prepare, traffic
from benchmarks.causes_wild import wild
from library.incidents import ACTIVE
from library.store.stores import Library, open_library
from policies.attribution import REWRITABLE, Attribution
from policies.rulebook import Rulebook, read_rulebook

NEVER_REWRITTEN = frozenset({"outage", "truncation", "evaluator_changed", "model_changed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found in a scenario; found is None where the monitor opened no incident."""

    scenario: Scenario
    metric: str | None
    found: Attribution | None
    seconds: float

    @property
    def named(self) -> tuple[str, ...]:
        """The causes named, primary first."""
        return tuple(c.cause for c in self.found.causes) if self.found else ()

    @property
    def right(self) -> bool:
        """One cause: it is the primary one. Two: both are named. None: no incident."""
        if len(self.scenario.causes) > 1:
            return set(self.scenario.causes) <= set(self.named)
        return self.named[:1] == self.scenario.causes

    @property
    def rewritten(self) -> bool:
        """Whether a cycle would go on to a rewrite although it must not."""
        only = set(self.scenario.causes) <= NEVER_REWRITTEN
        return only and self.found is not None and self.found.cause in REWRITABLE


def judge(library: Library, rules: Rulebook, scenario: Scenario, *, early: bool = False) -> Judged:
    """Run one scenario in an empty library. early: examine as soon as there is an incident, with what is known then."""
    prepare(library, scenario)
    name, batches, hours = scenario.domain.name, traffic(scenario), 6 if early else 48
    days = scenario.before + scenario.after
    for until in [scenario.start + timedelta(hours=hours * i) for i in range(1, 24 * days // hours)] + [
        scenario.end + timedelta(hours=1)
    ]:
        due = [(t, s) for t, s in batches if t.ts < until]
        batches = batches[len(due) :]
        library.traces.add([t for t, _ in due], [s for _, s in due if s is not None])
        sweep(library, rules.health, now=until)
        if early and library.incidents.list(prompt=name, states=tuple(ACTIVE)):
            break
    began = time.perf_counter()
    for incident in library.incidents.list(prompt=name, states=tuple(ACTIVE)):
        found = examine(library, rules.diagnosis, incident, traffic_of(library, incident)).attribution
        return Judged(
            scenario=scenario,
            metric=incident.degradation.metric,
            found=found,
            seconds=time.perf_counter() - began,
        )
    return Judged(scenario=scenario, metric=None, found=None, seconds=0.0)


def run(which: Sequence[Scenario], *, early: bool = False) -> Iterator[Judged]:
    """Every scenario in a library of its own."""
    rules = read_rulebook(None, "shipped")
    for scenario in which:
        with tempfile.TemporaryDirectory() as folder:
            library = open_library(f"sqlite:///{Path(folder) / 'library.db'}")
            yield judge(library, rules, scenario, early=early)
            library.db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--other", action="store_true")
    parser.add_argument("--wild", action="store_true")
    parser.add_argument("--early", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    hits: dict[str, Counter[bool]] = defaultdict(Counter)
    rewritten, seconds = [], []
    made = wild(options.seed) if options.wild else scenarios(options.seed, other=options.other)
    which = [s for s in made if options.only in s.name]
    for judged in run(which, early=options.early):
        hits[" + ".join(judged.scenario.causes) or "no incident"][judged.right] += 1
        rewritten += [judged.scenario.name] * judged.rewritten
        seconds.append(judged.seconds)
        if options.show or not judged.right:
            said = (
                "; ".join(f"{c.cause} {c.share:.2f}: {c.sentence}" for c in judged.found.causes)
                if judged.found
                else "-"
            )
            print(f"{'ok ' if judged.right else 'NO '} {judged.scenario.name} [{judged.metric}] {said}", flush=True)
    _report(hits, rewritten, seconds)


def _report(hits: dict[str, Counter[bool]], rewritten: Sequence[str], seconds: Sequence[float]) -> None:
    print(f"\n{'class':40} right of")
    for name, counts in sorted(hits.items()):
        print(f"{name:40} {counts[True]:5} {counts.total():2}")
    single = [c for name, c in hits.items() if "+" not in name]
    right, total = sum(c[True] for c in single), sum(c.total() for c in single)
    print(f"{'single causes':40} {right:5} {total:2}  ({right / max(total, 1):.0%})")
    print(f"rewrites that must not be: {len(rewritten)} {' '.join(rewritten)}")
    print(f"examination: {sorted(seconds)[len(seconds) // 2]:.2f} s median, {max(seconds):.2f} s at most")


if __name__ == "__main__":
    main()
