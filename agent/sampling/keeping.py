"""Keeping scores of traces that somebody may be erasing at the same time."""

from collections.abc import Sequence

from library.errors import InputError
from library.scores import Score
from library.store.stores import Library


def keep(library: Library, scores: Sequence[Score]) -> None:
    """Store the scores; those of traces that were erased since they were read are left out."""
    try:
        library.traces.add_scores(scores)
    except InputError:
        alive = {trace.id for trace in library.online.traces([score.trace_id for score in scores])}
        library.traces.add_scores([score for score in scores if score.trace_id in alive])
