"""A first prompt where there is none: the task, a line per expected answer, the input. The examples then fill it."""

from tools.embedded.lesson import Lesson, escaped
from tools.embedded.words import words


def first_prompt(lesson: Lesson, labels: tuple[str, ...]) -> str:
    """A plain template in mustache spelling for the labels that the examples expect."""
    variable = f"{{{{{lesson.input_name}}}}}"
    lines = [f"- {label}: {' '.join(words(label)) or label}" for label in labels]
    title = lesson.input_name.replace("_", " ").capitalize()
    parts = [
        lesson.task or "Sort the text.",
        "Choose the one answer that fits:\n" + "\n".join(lines),
        "Answer with the name only.",
    ]
    return "\n\n".join(escaped(part, variable) for part in parts) + f"\n\n{title}: {variable}"
