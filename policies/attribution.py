"""What is to blame for a degradation, decided by rules on the calls before and after the onset.

Every part of the loss that something other than the prompt explains is set aside first (failed and cut-off calls,
answers scored or labelled otherwise than before, new kinds of message, another mix); what is left is the model's or a
release's where one came with the onset, and else the prompt's. Several causes are named with their shares.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from policies.causes import telling, telling_model
from policies.causes.calls import Call, Sides
from policies.causes.exposure import WORSE, Exposure, Peer, exposure
from policies.causes.parts import Loss, Part
from policies.causes.releases import Release
from policies.causes.silence import NOTHING_SILENT, Silence, silence
from policies.causes.telling import Told
from policies.rulebook import DiagnosisRules

Cause = Literal[
    "prompt",
    "new_topic",
    "traffic_mix",
    "model_changed",
    "data_error",
    "evaluator_changed",
    "outage",
    "truncation",
    "release",
]
Confidence = Literal["high", "low"]

REWRITABLE: frozenset[Cause] = frozenset({"prompt", "new_topic"})
"""Causes that a better prompt can answer; for the others the incident gets a report."""

ON_REQUEST: frozenset[Cause] = frozenset({"release", "traffic_mix", "data_error"})
"""Causes for which a rewrite is tried only when a person asks for a cycle; for the remaining ones never."""

_OF_CALLS: dict[Cause, Cause] = {"prompt": "outage", "new_topic": "traffic_mix"}
"""What slower or dearer calls come from where answers would be worse for another reason."""

Namer = Callable[[Sequence[Call]], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFound:
    """One cause: its sentence, its share of the lost score in [0, 1], and plain JSON that it rests on."""

    cause: Cause
    sentence: str
    share: float
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The primary cause with the sentence that a person reads, and all causes, primary first."""

    cause: Cause
    sentence: str
    causes: tuple[CauseFound, ...] = ()
    confidence: Confidence = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the library knows beside the calls. revisions: of the evaluator, (before, after), where they differ.

    upstream: other prompts of the model that the monitor saw fall together. of_calls: the scores are about the time or
    the price of calls. kinds: (expected answer, share of the lost score, telling words) of what fails; name: telling
    words of some calls.
    """

    peers: tuple[Peer, ...] = ()
    release: Release | None = None
    revisions: tuple[str, str] | None = None
    upstream: tuple[str, ...] = ()
    of_calls: bool = False
    kinds: tuple[tuple[str, float, tuple[str, ...]], ...] = ()
    name: Namer = lambda calls: ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blame:
    cause: Cause
    part: Part


def attribute(sides: Sides, around: Surroundings, rules: DiagnosisRules) -> Attribution:
    """Name the causes of what the calls after the onset lose more than those before."""
    loss = Loss(sides)
    models, versions = exposure(loss, lambda c: c.model), exposure(loss, lambda c: str(c.version))
    # Under another version, or where time and money are meant, nothing can be said of the model behind a name.
    same = around.release is None and not around.of_calls and around.revisions is None
    quiet = silence(loss, around.peers, around.upstream) if same else NOTHING_SILENT
    blames = [b for b in _blames(loss, around, models, versions, quiet) if b.part.size > 0]
    blames = [replace(b, cause=_OF_CALLS.get(b.cause, b.cause)) for b in blames] if around.of_calls else blames
    total = math.fsum(b.part.size for b in blames)
    ranked = sorted(blames, key=lambda b: -b.part.size)
    sure = [b for b in ranked if b.part.z >= rules.cause_z]
    primary = (sure or ranked or [_Blame(cause="prompt", part=loss.rest)])[0]
    named = [primary] + [b for b in sure if b is not primary and b.part.size >= rules.min_cause_share * total]
    causes = tuple(
        CauseFound(
            cause=b.cause, sentence=told.sentence, share=b.part.size / total if total else 1.0, evidence=told.evidence
        )
        for b in named
        for told in [_told(b, loss, around, models, quiet)]
    )
    doubtful = primary.cause == "model_changed" and not models.there and not quiet.shown
    return Attribution(
        cause=primary.cause,
        sentence=causes[0].sentence,
        causes=causes,
        confidence="low" if doubtful or primary.part.z < rules.cause_z else "high",
    )


def _blames(loss: Loss, around: Surroundings, models: Exposure, versions: Exposure, quiet: Silence) -> list[_Blame]:
    blames = [
        _Blame(cause="outage", part=loss.failed),
        _Blame(cause="truncation", part=loss.cut),
        _Blame(cause="evaluator_changed", part=loss.rescored),
        _Blame(cause="data_error", part=loss.relabelled),
        _Blame(cause="new_topic", part=loss.new),
        _Blame(cause="traffic_mix", part=loss.mix),
    ]
    if around.revisions is not None:
        # Scores of two revisions are not of one kind: what is not a failed call cannot be told from the new yardstick.
        left = Part(
            size=loss.total.size - loss.failed.size - loss.cut.size, error=loss.total.error, calls=loss.rest.calls
        )
        return [*blames[:2], _Blame(cause="evaluator_changed", part=left)]
    rest, error, calls = loss.rest.size, loss.rest.error, loss.rest.calls
    if around.of_calls:
        # Neither the answers nor what was expected of them has to do with time and money.
        blames = [b for b in blames if b.cause in {"new_topic", "traffic_mix"}]
        rest = max(loss.total.size - math.fsum(b.part.size for b in blames), 0.0)
    ours = min(versions.part.size, rest) if around.release is not None else 0.0
    theirs = min(models.part.size, rest)
    if ours and theirs:
        if _chosen_by(around.release, models):
            theirs = 0.0
        elif ours + theirs > rest:
            # The same calls met both: nothing in the traffic tells which it was.
            ours, theirs = rest * ours / (ours + theirs), rest * theirs / (ours + theirs)
    remaining = rest - ours - theirs
    # A new model that is no worse than the old one since the onset is not to blame, and the old one fell with it. One
    # that is worse bears what fell everywhere: the onset may be dated too early, or few calls have met it yet.
    worse = models.part.z >= WORSE
    if quiet.shown or (quiet.spread if worse else quiet.even and not models.there):
        theirs, remaining = theirs + remaining, 0.0
    parts: list[tuple[Cause, float]] = [("release", ours), ("model_changed", theirs), ("prompt", remaining)]
    return [*blames, *(_Blame(cause=c, part=Part(size=s, error=error, calls=calls)) for c, s in parts)]


def _chosen_by(release: Release | None, models: Exposure) -> bool:
    """Whether the release itself asked for the model that is new."""
    wanted = release.config.get("model", (None, None))[1] if release is not None else None
    return wanted is not None and any(str(wanted).split("/")[-1] in name for name in models.fresh)


def _told(blame: _Blame, loss: Loss, around: Surroundings, models: Exposure, quiet: Silence) -> Told:
    compared = sum(p.same_model for p in around.peers)
    tellers: dict[Cause, Callable[[], Told]] = {
        "outage": lambda: telling.slower(loss) if around.of_calls else telling.outage(loss),
        "truncation": lambda: telling.truncation(loss),
        "evaluator_changed": lambda: telling.evaluator(loss, around.revisions),
        "data_error": lambda: telling.data_error(loss),
        "new_topic": lambda: telling.new_topic(loss, around.name),
        "traffic_mix": lambda: telling.traffic_mix(loss),
        "model_changed": lambda: telling_model.model_changed(loss, blame.part, models, quiet),
        "prompt": lambda: telling.prompt(loss, compared),
    }
    if blame.cause == "release" and around.release is not None:
        return telling.release(blame.part, around.release, around.kinds)
    return tellers[blame.cause]()
