"""`promptkeeper ask`: questions in plain words, answered from the library."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from agent.entrypoints.cli.opening import Opened, opened
from agent.entrypoints.cli.output import emit, harmless, with_json

if TYPE_CHECKING:
    from agent.chat.ask import Answer


@click.command()
@click.argument("question", required=False)
@click.option("--prompt", metavar="NAME", help="The prompt it is about, when the question does not name it.")
@with_json
def command(question: str | None, prompt: str | None, as_json: bool) -> int:
    """Answer QUESTION from the library; exit 1 when it asks for something that the library cannot know.

    Without QUESTION each line of standard input is one, and a follow-up goes on about the prompt spoken of before.
    """
    with opened() as project:
        if question is not None:
            (answer,) = _answers(project, iter([question]), prompt)
            emit(as_json, answer, _said(answer))
            return 1 if answer.declined else 0
        answers = []
        for answer in _answers(project, _lines(), prompt):
            answers.append(answer)
            if not as_json:
                click.echo(_said(answer) + "\n")
        if as_json:
            emit(True, answers, "")
    return 0


def _lines() -> Iterator[str]:
    """Questions from standard input, with a mark to write behind on a terminal."""
    while True:
        if sys.stdin.isatty():
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _answers(project: Opened, questions: Iterator[str], prompt: str | None) -> "Iterator[Answer]":
    from agent.bootstrap import rulebook_of
    from agent.chat.ask import ask

    rules = rulebook_of(project.settings).diagnosis
    before = None
    for question in questions:
        answer = ask(project.library, rules, question, prompt=prompt, before=before)
        before = answer if answer.prompts else before
        yield answer


def _said(answer: "Answer") -> str:
    unknown = f"\n\nNot known: {answer.unknown}." if answer.unknown else ""
    return harmless(answer.text + unknown)
