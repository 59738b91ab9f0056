"""`promptkeeper ask`: questions in plain words, answered from the library."""

import click

from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import emit, harmless, with_json


@click.command()
@click.argument("question")
@click.option("--prompt", metavar="NAME", help="The prompt it is about, when the question does not name it.")
@with_json
def command(question: str, prompt: str | None, as_json: bool) -> int:
    """Answer QUESTION from the library; exit 1 when it asks for something that the library cannot know."""
    from agent.bootstrap import rulebook_of
    from agent.chat.ask import ask

    with opened() as project:
        answer = ask(project.library, rulebook_of(project.settings).diagnosis, question, prompt=prompt)
    unknown = f"\n\nNot known: {answer.unknown}." if answer.unknown else ""
    emit(as_json, answer, harmless(answer.text + unknown))
    return 1 if answer.declined else 0
