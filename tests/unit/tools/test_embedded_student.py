"""The embedded student: answers follow from what the prompt says, in the format that it asks for."""

import json
import random

import pytest

from tools.embedded.student import NO_LABELS, answer

MEANINGS = {
    "plants": "seedlings, bulbs and shrubs that we sell",
    "machines": "a mower, chainsaw or trimmer that does not start",
    "shipping": "a parcel, courier or tracking number",
    "advice": "pests, mildew or pruning in a garden",
}
SPOKEN = {
    "plants": ["seedlings", "bulbs", "shrubs"],
    "machines": ["mower", "chainsaw", "trimmer"],
    "shipping": ["parcel", "courier", "tracking number"],
    "advice": ["pests", "mildew", "pruning"],
}
FRAMES = [
    "Hello, I have a question about the {}.",
    "My {} is not what I thought it was",
    "what can you tell me of {}?",
    "last week I wrote to you, it is the {} again",
]
RULES = """Rules:
- Never promise a date.
- If the message threatens violence or self-harm, answer urgent_human and nothing else."""


def prompt(lines: str, end: str = "Answer with the name only.\n\nMessage: {message}") -> str:
    return f"Sort messages of a garden shop.\n\nChoose one queue:\n{lines}\n\n{RULES}\n\n{end}"


def bullets(meanings: dict[str, str]) -> str:
    return "\n".join(f"- {name}: {meaning}" for name, meaning in meanings.items())


def asked(template: str, message: str) -> str:
    return answer([{"role": "user", "content": template.replace("{message}", message)}])


def traffic(count: int = 240) -> list[tuple[str, str]]:
    chance = random.Random(11)
    labels = sorted(SPOKEN)
    picked = [chance.choice(labels) for _ in range(count)]
    return [(label, chance.choice(FRAMES).format(chance.choice(SPOKEN[label]))) for label in picked]


def recalls(template: str) -> dict[str, float]:
    rows = traffic()
    hits = {label: [asked(template, text) == label for expected, text in rows if expected == label] for label in SPOKEN}
    return {label: sum(found) / len(found) for label, found in hits.items()}


TABLE = "| queue | meaning |\n|---|---|\n"


@pytest.mark.parametrize(
    ("line", "head"),
    [
        ("- {}: {}", ""),
        ("{}: {}", ""),
        ("{} = {}", ""),
        ("{} - {}", ""),
        ("- `{}` — {}", ""),
        ("* **{}**: {}", ""),
        ("* **{}:** {}", ""),
        ("1. {}: {}", ""),
        ("| {} | {} |", TABLE),
        ("- {} -> {}", ""),
    ],
)
def test_every_usual_spelling_of_label_lines_is_read(line: str, head: str) -> None:
    template = prompt(head + "\n".join(line.format(*item) for item in MEANINGS.items()))
    assert [asked(template, text) for _, text in traffic(40)] == [label for label, _ in traffic(40)]


@pytest.mark.parametrize(
    "end",
    [
        "Answer with the name only.\n\nMessage: {message}",
        "Message: {message}\n\nAnswer with the name only.",
        "Answer with the name only.\n\nMessage: {message}\nQueue:",
        "<message>\n{message}\n</message>\n\nAnswer with the name only.",
        'Answer with the name only.\n\n"""\n{message}\n"""',
        "Answer with the name only.\n\n{message}",
    ],
)
def test_the_input_is_found_wherever_the_template_puts_it(end: str) -> None:
    template = prompt(bullets(MEANINGS), end)
    assert [asked(template, text) for _, text in traffic(40)] == [label for label, _ in traffic(40)]


def test_a_system_message_may_hold_the_instructions_and_the_user_message_the_input() -> None:
    system = prompt(bullets(MEANINGS), "Answer with the name only.")
    messages = [{"role": "system", "content": system}, {"role": "user", "content": "the chainsaw again"}]
    assert answer(messages) == "machines"


def test_labels_may_be_named_in_a_running_list_alone() -> None:
    template = "Classify the review as happy, angry or neutral.\n\nReview: {message}"
    assert asked(template, "I am so angry") == "angry"


def test_json_is_answered_where_the_prompt_asks_for_it() -> None:
    end = 'Answer as JSON {"queue": "<name>", "confidence": 0.0, "why": "…"}.\n\nMessage: {message}'
    given = json.loads(asked(prompt(bullets(MEANINGS), end), "the courier lost it"))
    assert given["queue"] == "shipping"
    assert 0 < given["confidence"] <= 1
    assert "courier" in given["why"]


def test_an_if_then_rule_wins_over_the_definitions() -> None:
    template = prompt(bullets(MEANINGS))
    assert asked(template, "I will answer with violence if the mower fails") == "urgent_human"
    assert asked(template.replace(RULES, ""), "I will answer with violence if the mower fails") == "machines"


def test_a_label_for_everything_else_takes_what_matches_nothing() -> None:
    template = prompt(bullets({**MEANINGS, "other": "anything else"}))
    assert asked(template, "xyzzy qqq") == "other"
    assert asked(template, "mildew") == "advice"


def test_a_rule_for_what_fits_nowhere_is_told_from_a_rule_about_something_missing() -> None:
    rules = "- If none of them fits, answer unknown.\n- If the message has no invoice number, answer ask_back."
    template = prompt(bullets(MEANINGS)).replace("Rules:", f"Rules:\n{rules}")
    assert asked(template, "xyzzy qqq") == "unknown"
    assert asked(template, "there is no invoice number on my mower") == "ask_back"


@pytest.mark.parametrize("end", ["Message: {message}", "{message}", "<message>\n{message}\n</message>"])
def test_tags_and_label_like_words_inside_a_message_are_part_of_it(end: str) -> None:
    template = prompt(bullets(MEANINGS), f"Answer with the name only.\n\n{end}")
    assert asked(template, "The courier has <b>no</b> idea") == "shipping"
    assert asked(template, "<i>Hi</i> courier, order: 12") == "shipping"


def test_without_labels_it_says_that_it_can_only_classify() -> None:
    assert answer([{"role": "user", "content": "Write a poem about the sea."}]) == NO_LABELS


def test_deleting_a_definition_lowers_that_label_and_hardly_any_other() -> None:
    full = recalls(prompt(bullets(MEANINGS)))
    without = recalls(prompt(bullets({**MEANINGS, "machines": "see the handbook"})))
    assert min(full.values()) == 1.0
    assert without["machines"] < 0.2
    assert all(without[label] > 0.95 for label in MEANINGS if label != "machines")


@pytest.mark.parametrize(
    "addition",
    ['Examples:\n- machines: "my scarifier"; "the scarifier stopped"', '"the scarifier stopped" -> machines'],
)
def test_examples_given_for_a_label_change_its_answers(addition: str) -> None:
    template = prompt(bullets(MEANINGS))
    better = template.replace(RULES, f"{RULES}\n\n{addition}")
    assert asked(template, "about my scarifier") != "machines"
    assert asked(better, "about my scarifier") == "machines"


def test_example_pairs_are_read_from_text_and_from_chat_turns() -> None:
    shown = "Message: my scarifier stopped\nQueue: machines\n\nMessage: {message}\nQueue:"
    assert asked(prompt(bullets(MEANINGS), shown), "a scarifier question") == "machines"
    turns = [
        {"role": "system", "content": prompt(bullets(MEANINGS), "Answer with the name only.")},
        {"role": "user", "content": "my scarifier stopped"},
        {"role": "assistant", "content": "machines"},
        {"role": "user", "content": "a scarifier question"},
    ]
    assert answer(turns) == "machines"


def test_earlier_calls_do_not_change_an_answer() -> None:
    template = prompt(bullets(MEANINGS))
    first = [asked(template, text) for _, text in traffic(30)]
    asked(prompt(bullets({"a": "mower", "b": "parcel"})), "a mower")
    assert [asked(template, text) for _, text in traffic(30)] == first


def test_words_are_matched_across_inflection_and_small_slips() -> None:
    template = prompt(bullets(MEANINGS))
    assert asked(template, "I prune it every year") == "advice"
    assert asked(template, "two parcells are missing") == "shipping"
