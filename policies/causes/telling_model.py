"""A changed model in words: named in the traces, or shown by what it did to everything else."""

from collections import Counter

from policies.causes.exposure import Exposure
from policies.causes.parts import Loss, Part
from policies.causes.silence import Silence
from policies.causes.telling import SHOWN, Evidence, Told, cited, minute, percent


def model_changed(loss: Loss, part: Part, models: Exposure, quiet: Silence) -> Told:
    """Another model, or another one behind the same name."""
    found = cited(part.calls)
    said = [*_named(models, found), *_with_others(loss, quiet, found), *_in_manner(quiet, found)]
    if said:
        return Told(sentence=f"{'; '.join(said)}. The model changed, not the prompt.", evidence=found)
    return _by_exclusion(loss, quiet, found)


def _named(models: Exposure, found: Evidence) -> list[str]:
    if models.part.size <= 0:
        return []
    since = f" ({percent(models.share)} of the calls, since {minute(models.first)})" if models.first else ""
    found |= {"models": {"before": list(models.usual), "after": list(models.fresh)}}
    swap = f"{', '.join(models.fresh)} instead of {', '.join(models.usual)}"
    return [f"since the onset another model answers: {swap}{since}"]


def _with_others(loss: Loss, quiet: Silence, found: Evidence) -> list[str]:
    if not quiet.fell and not quiet.upstream:
        return []
    names = [p.prompt for p in quiet.fell] or list(quiet.upstream)
    told = [f"{p.prompt} ({p.before:.2f} to {p.after:.2f})" for p in quiet.fell] or names
    name = _served(loss)
    noun = "another prompt" if len(names) == 1 else f"{len(names)} other prompts"
    found |= {"prompts": names, "model": name}
    return [f"{noun} that {name} answers fell at the same time: {', '.join(told[:3])}"]


def _in_manner(quiet: Silence, found: Evidence) -> list[str]:
    seen = quiet.manner
    said = []
    if seen.new is not None:
        said.append(f"{percent(seen.new)} of them begin as hardly any did before")
    if seen.longer is not None:
        said.append(f"they are {seen.longer:.1f} times as long")
    if seen.slower is not None and (said or quiet.even):
        said.append(f"they take {seen.slower:.1f} times as long to come")
    if not said:
        return []
    found |= {"manner": {"new": seen.new, "longer": seen.longer, "slower": seen.slower}}
    return [f"under the same prompt even the good answers are others since the onset: {', '.join(said)}"]


def _by_exclusion(loss: Loss, quiet: Silence, found: Evidence) -> Told:
    """Nothing but the loss itself: it is told as what it is, a conclusion and not an observation."""
    name, again = _served(loss), quiet.again
    found |= {"model": name, "pairs": [{"now": now.id, "before": was.id} for now, was in again[:SHOWN]]}
    reasked = f" ({len(again)} of them were answered well when they came before)" if again else ""
    judged = any(c.expected is None for c in loss.known)
    return Told(
        sentence=(
            "neither the prompt nor the kinds of message changed, yet all kinds are answered worse alike"
            f"{reasked}, and no other prompt shows that {name} is what it was: a silent change of the model is likely"
            + (", unless the judge became stricter" if judged else "")
            + ". Ask the model again what it answered well before; no rewrite without a person."
        ),
        evidence=found,
    )


def _served(loss: Loss) -> str:
    served = Counter(c.model for c in loss.sides.after if c.model).most_common(1)
    return served[0][0] if served else "the same model"
