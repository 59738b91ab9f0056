"""`traces expire`: retention where no server runs the schedule, or where the schedule lets go of too few."""

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.progress import done, progress


@click.command()
@with_json
def command(as_json: bool) -> None:
    """Let go of calls that are older than `privacy: keep_days` in the project's rulebook.yaml, and of what quotes them.

    In small transactions, so that others read and write meanwhile; trends keep their sums. Cut off anywhere, it goes on
    from there the next time. Scores whose call never came go after seven days. The audit log keeps how many went.
    """
    from agent.bootstrap import memory_of, rulebook_of
    from agent.erasure import expire

    shown = progress()
    with opened() as project:
        rules, memory = rulebook_of(project.settings).privacy, memory_of(project.settings)
        early = project.library.traces.drop_early(now=now())
        gone = expire(
            project.library,
            memory,
            rules,
            now=now(),
            most=None,
            told=lambda prompt, count: shown(f"{prompt}: {count} calls let go"),
        )
    done(shown)
    emit(as_json, {"traces": gone, "early_scores": early}, f"{gone} calls let go by age, {early} scores without a call")
