"""The picture of a run: select scores of the best prompt and of every candidate, by the model calls made so far."""

from agent.plot_svg import Dot, Picture, Series, svg
from agent.run_story import Round, Story
from library.runs import Run


def run_svg(run: Run, story: Story) -> str:
    """The run as one SVG document."""
    return svg(
        Picture(
            title=f"Run {run.id}: {run.prompt}@{run.base_version}",
            description=_description(run, story),
            x_label="model calls",
            y_label="score on select items",
            series=[Series(name="best so far", points=best_points(story), stepped=True)],
            dots=_dots(story),
        )
    )


def best_points(story: Story) -> list[tuple[float, float]]:
    """(model calls, select score) of the best prompt: at the start, and at the end of every round."""
    points = [] if story.base is None else [(float(story.start.calls), story.base)]
    return points + [(float(r.cost.calls), r.best) for r in story.rounds if r.best is not None]


def _dots(story: Story) -> list[Dot]:
    return [
        Dot(x=float(r.cost.calls), y=t.score, hint=f"attempt {t.number} ({t.state}): {t.score:.3f} on {t.n} items")
        for r in story.rounds
        for t in r.tried
        if t.score is not None
    ]


def _description(run: Run, story: Story) -> str:
    began = "unknown" if story.base is None else f"{story.base:.3f}"
    said = [f"The live version scores {began} on the select items."]
    said += [_round_words(r) for r in story.rounds]
    return " ".join([*said, f"The run ended: {run.stop_reason or run.state}."])


def _round_words(one: Round) -> str:
    best = "unknown" if one.best is None else f"{one.best:.3f}"
    return f"Round {one.number}: {len(one.tried)} candidates, best {best}, {one.cost.calls} model calls so far."
