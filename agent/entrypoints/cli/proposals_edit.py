"""`proposals edit`: a reviewer's own words instead of a proposal's, checked and tested before they may be approved."""

import asyncio

import click

from agent.entrypoints.cli.cycle import OUTAGES, run_document
from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.reading import read_text
from agent.entrypoints.cli.runs import path_words
from agent.entrypoints.rows import parse_json
from library.errors import InputError
from library.runs import Run


@click.command()
@click.argument("proposal_id", metavar="ID", type=int)
@click.argument("file", metavar="FILE")
@click.option("--author", help="Who wrote it, for the record; default: you.")
@with_json
def command(proposal_id: int, file: str, author: str | None, as_json: bool) -> int:
    """Test the text in FILE (`-`: standard input) instead of proposal ID's; proven, it takes its place in the queue.

    For a chat prompt FILE holds a JSON list with the text of each message. Exit 1 when the gain is not proven; then the
    proposal waits as before.
    """
    with opened() as project:
        proposal = project.library.proposals.get(proposal_id)
        texts = _texts(read_text(file), file, chat=proposal.content.kind == "chat")
        run = asyncio.run(_tested(project, proposal_id, texts, author or actor().name))
        document = run_document(project, run)
    emit(as_json, document, lambda: f"run {run.id}: {path_words(run.path)}\n{run.stop_reason}: {run.stop_detail}")
    return (
        2 if run.state == "failed" else 0 if run.stop_reason == "proposed" else 3 if run.stop_reason in OUTAGES else 1
    )


def _texts(text: str, place: str, *, chat: bool) -> tuple[str, ...]:
    if not chat:
        return (text,)
    said = parse_json(text, place)
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise InputError("not a list of texts", place, "Write a JSON list with the text of each message.")
    return tuple(said)


async def _tested(project: Opened, proposal_id: int, texts: tuple[str, ...], author: str) -> Run:
    from agent.bootstrap import opened_checkpoints, opened_services, policies_of
    from agent.cycle import Edit
    from agent.editing import edited_content, try_edit
    from agent.review import Reviewing

    policy_for = policies_of(project.settings)
    reviewing = Reviewing(library=project.library, policy_for=policy_for, now=now, actor=actor())
    content = edited_content(reviewing, Edit(proposal=proposal_id, texts=texts, author=author))
    prompt = project.library.proposals.get(proposal_id).prompt
    async with (
        opened_services(project.settings, project.library) as services,
        opened_checkpoints(project.settings) as checkpoints,
    ):
        return await try_edit(services, checkpoints, prompt, content, author)
