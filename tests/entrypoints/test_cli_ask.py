"""Questions in plain words: the answers follow the facts, and what no library can know is declined."""

import asyncio
import contextlib
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from agent.entrypoints.cli.main import main
from library.incidents import Degradation, SegmentChange
from library.prompts import Content
from library.store.stores import open_library
from tests.journeys import world
from tests.journeys.project import Project
from tests.journeys.test_not_the_prompt import fill_with, new_model, outage

WHY, SINCE = "Why did shop/sort degrade?", "Since when is shop/sort worse?"
SIZE, WHERE = "How bad is it for shop/sort?", "Which segments of shop/sort are affected?"
KINDS, CHANGES = "What kinds of messages does shop/sort get wrong?", "What changed around then for shop/sort?"
BLAME, VERSIONS = "Is it the prompt or the model of shop/sort?", "Which version of shop/sort was best?"
TRIED, WAITING = "What did we already try for shop/sort?", "What is waiting for me?"
ADVICE, STATUS = "What do you suggest for shop/sort?", "How is shop/sort doing?"
TWELVE = (WHY, SINCE, SIZE, WHERE, KINDS, CHANGES, BLAME, VERSIONS, TRIED, WAITING, ADVICE, STATUS)


def care(library):
    world.build(library)


def billing(library):
    """The same shop, but the new messages come to `billing`, and a day later."""
    content = world.add_prompt(library)
    onset = world.ONSET + timedelta(days=1)
    library.traces.add(*world.traffic(content, count=1100, new=world.NEW_IN_BILLING, onset=onset))


def healthy(library):
    library.traces.add(*world.traffic(world.add_prompt(library), new={}))


RELEASED_AT = world.ONSET - timedelta(days=1)
SHORTENED = world.PROMPT.replace("- invoice: bills, receipts and tax documents\n", "- invoice: papers\n")


def release(library):
    """A day before the onset a person released a version that says less of one topic."""
    content = world.add_prompt(library)
    traces, scores = world.traffic(content, new={})
    library.prompts.add_version(world.NAME, Content(text=SHORTENED), actor=world.REVIEWER, now=RELEASED_AT)
    library.prompts.move_label(
        world.NAME, "production", 2, expected=1, actor=world.REVIEWER, reason="shorter", now=RELEASED_AT
    )
    answered = []
    for trace, score in zip(traces, scores, strict=True):
        if trace.ts < RELEASED_AT:
            answered.append((trace, score))
            continue
        said = world.sort_by(Content(text=SHORTENED), trace.inputs["message"])
        changed = world.answered_by(trace, "embedded/student", said, version=2)
        answered.append((changed, world.judged(changed, 1.0 if said == trace.expected else 0.0)))
    library.traces.add([t for t, _ in answered], [s for _, s in answered])
    late = [s.value for t, s in answered if t.version == 2]
    early = [s.value for t, s in answered if t.version == 1]
    library.incidents.open(world.NAME, 2, _degradation(early, late), now=world.NOW)


def _degradation(early, late):
    before, after = sum(early) / len(early), sum(late) / len(late)
    change = SegmentChange(
        segment="billing", before=before, after=after - 0.1, difference=after - 0.1 - before, low=-0.3, high=-0.1,
        n_before=200, n_after=100,
    )  # fmt: skip
    return Degradation(
        metric="exact_match", evaluator="exact_match", revision="1", detected_at=world.ONSET, onset=RELEASED_AT,
        onset_earliest=RELEASED_AT - timedelta(hours=2), onset_latest=RELEASED_AT + timedelta(hours=2), before=before,
        after=after, effect=before - after, effect_low=before - after - 0.05, effect_high=before - after + 0.05,
        n_before=len(early), n_after=len(late), evidence=20.0, threshold=10.0, segment=None, segments=(change,),
    )  # fmt: skip


WORLDS = {
    "care": care, "billing": billing, "healthy": healthy, "outage": fill_with(outage), "model": fill_with(new_model),
    "release": release,
}  # fmt: skip


class Asked:
    """A project whose library tells one of the stories."""

    def __init__(self, folder: Path, capsys) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, question: str, *words: str) -> tuple[int, str]:
        self._capsys.readouterr()
        with contextlib.chdir(self.folder):
            code = main(["ask", question, *words])
        said = self._capsys.readouterr()
        assert said.err == ""
        return code, said.out

    def answer(self, question: str, *words: str) -> str:
        code, out = self(question, *words)
        assert code == 0, out
        return out

    def cycle(self, **models):
        """A cycle with scripted models, as it would have run in the background."""
        library = open_library(f"sqlite:///{self.folder}/.promptkeeper/library.db")
        project = Project(root=self.folder, library=library, rules=world.rulebook())
        run = asyncio.run(project.cycle(**models))
        return project, run


@pytest.fixture(scope="session")
def stories(tmp_path_factory):
    """One folder for every story, made when it is first asked for."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            root = tmp_path_factory.mktemp(name)
            with contextlib.chdir(root):
                assert main(["init"]) == 0
            library = open_library(f"sqlite:///{root}/.promptkeeper/library.db")
            WORLDS[name](library)
            world.swept(library, world.rulebook())
            library.db.close()
            made[name] = root
        return made[name]

    return folder


@pytest.fixture
def story(stories, tmp_path, capsys):
    """Function: a project of one's own that tells the story of this name."""

    def tell(name: str) -> Asked:
        return Asked(Path(shutil.copytree(stories(name), tmp_path / name)), capsys)

    return tell


def day(moment):
    return f"{moment:%Y-%m-%d}"


@pytest.mark.parametrize("name", ["healthy", "model", "release"])
def test_every_question_has_an_answer(story, name):
    asked = story(name)
    for question in TWELVE:
        said = asked.answer(question)
        assert len(said.split()) >= 3
        assert not re.search(r"None|nan|\{|<", said), said


def test_the_full_account_holds_onset_size_segments_kinds_changes_and_what_was_tried(story):
    said = story("care").answer(WHY)

    assert day(world.ONSET) in said
    assert re.search(r"a loss of \d+\.\d points \(95 % \d+\.\d to \d+\.\d\)", said)
    assert re.search(r"Down: care -\d", said)
    assert "Not shown to have changed: billing" in said
    assert re.search(r'"[^"]+" was answered \w+, wanted account \[trace t-\d{4}\]', said)
    assert "nothing of ours changed" in said
    assert "Nothing has been tried yet." in said
    assert "Not known:" in said


@pytest.mark.parametrize(
    ("name", "segment", "other", "onset", "word"),
    [
        ("care", "care", "billing", world.ONSET, "loyalty|stamps|bonus|club"),
        ("billing", "billing", "care", world.ONSET + timedelta(days=1), "voucher|coupon|instalment|debit|cashback"),
    ],
)
def test_the_answers_follow_where_it_happened(story, name, segment, other, onset, word):
    asked = story(name)

    where = asked.answer(WHERE)
    assert f"Down: {segment} " in where
    assert f"Not shown to have changed: {other}" in where
    since = asked.answer(SINCE)
    found = re.search(r"about (\d{4}-\d\d-\d\d)", since)[1]
    assert found in {day(onset), day(onset - timedelta(hours=6))}
    assert "Down:" not in since  # the day was asked for, not the whole account
    assert re.search(word, asked.answer(KINDS))
    assert "does not cover what comes in" in asked.answer(BLAME)


def test_examples_are_real_calls(story):
    asked = story("care")
    said = asked.answer(KINDS)

    library = open_library(f"sqlite:///{asked.folder}/.promptkeeper/library.db")
    quoted = re.findall(r'"([^"]+)" was answered (\w+), wanted (\w+) \[trace (t-\d+)\]', said)
    assert len(quoted) >= 2
    for text, answered, wanted, trace_id in quoted:
        trace = library.traces.get(trace_id)
        assert (trace.inputs["message"], trace.output, trace.expected) == (text, answered, wanted)
    library.db.close()


def test_without_an_incident_nothing_is_explained_away(story):
    asked = story("healthy")

    for question in (WHY, SINCE, SIZE, WHERE, KINDS):
        said = asked.answer(question)
        assert "No degradation of shop/sort was found in 900 scores" in said
        assert "losses smaller than the statistic can see" in said
    assert "Nothing is to blame" in asked.answer(BLAME)
    assert "no open incident" in asked.answer(STATUS)
    assert "no open incident" in asked.answer(ADVICE)


def test_an_outage_is_called_one(story):
    asked = story("outage")

    assert asked.answer(BLAME).startswith("Neither prompt nor model")
    assert "timeout (150 calls)" in asked.answer(KINDS)
    assert "wanted" not in asked.answer(KINDS)
    assert asked.answer(SIZE).startswith("The share of calls that did not fail went from 1.000")
    assert "Not a rewrite" in asked.answer(ADVICE)


def test_a_new_model_is_named(story):
    asked = story("model")

    assert asked.answer(BLAME).startswith("The model rather than the prompt")
    for question in (WHY, CHANGES, BLAME, ADVICE):
        assert "other/model-2" in asked.answer(question)
    assert "Not a rewrite" in asked.answer(ADVICE)


def test_a_release_of_ours_is_the_first_suspect(story):
    asked = story("release")

    for question in (WHY, CHANGES, BLAME):
        said = asked.answer(question)
        assert "version 2" in said
        assert day(RELEASED_AT) in said
    assert "rita" in asked.answer(CHANGES)
    assert 'took out "- invoice: bills, receipts and tax documents"' in asked.answer(CHANGES)
    assert "elease of ours" in asked.answer(BLAME)
    versions = asked.answer(VERSIONS)
    assert "best for version 1" in versions
    assert versions.index("- version 1:") < versions.index("- version 2:")


def test_what_was_tried_and_what_waits_follow_the_queue(story):
    asked = story("care")
    assert "Nothing waits" in asked.answer(WAITING)
    assert "Run a cycle" in asked.answer(ADVICE)

    project, run = asked.cycle()
    waiting = asked.answer(WAITING)
    assert f"Proposal {run.proposal_id} for shop/sort waits" in waiting
    assert re.search(r"gain \d+\.\d points \(\d+\.\d to \d+\.\d, n = \d+\)", waiting)
    assert f"Look at proposal {run.proposal_id}" in asked.answer(ADVICE)
    assert "Two topics have new kinds of message" in asked.answer(TRIED)

    project.library.proposals.reject(
        run.proposal_id, actor=world.REVIEWER, reason="Not in our words.", now=project.clock()
    )
    project.library.db.close()
    assert "Nothing waits" in asked.answer(WAITING)
    assert 'rejected: "Not in our words."' in asked.answer(TRIED)


def test_after_a_fruitless_cycle_the_advice_is_another_one(story):
    from tests.journeys.teachers import Teacher, useless

    asked = story("care")
    project, run = asked.cycle(teach=Teacher(useless))
    project.library.db.close()

    assert run.stop_reason == "no_better_candidate"
    assert "The last cycle found no better candidate" in asked.answer(ADVICE)


@pytest.mark.parametrize(
    "question",
    [
        "Will shop/sort get worse next month?",
        "Can you predict the score for tomorrow?",
        "What is the weather in Lisbon?",
        "Who are our customers?",
        "How is the stock price?",
        "Are users satisfied with shop/sort?",
        "Blorp the frobnicator, please.",
        "asdf qwer",
        "",
    ],
)
def test_what_no_library_can_know_is_declined(story, question):
    code, said = story("care")(question)

    assert code == 1
    assert "I cannot know" in said or "I do not understand" in said
    assert "I answer from the library only" in said
    assert not re.search(r"\d", said)  # no figure is made up


def test_a_question_may_name_no_prompt_when_only_one_is_meant(story):
    asked = story("care")

    assert asked.answer("Why is it worse?") == asked.answer("Why is it worse?", "--prompt", world.NAME)


def test_the_answer_as_json_names_prompts_topics_and_what_is_not_known(story):
    import json

    document = json.loads(story("care").answer(WHERE, "--json"))

    assert document["prompts"] == [world.NAME]
    assert document["topics"] == ["where"]
    assert document["declined"] is False
    assert "traces carry segments, not people" in document["unknown"]


def test_an_unknown_prompt_is_one_clear_line(story, capsys):
    asked = story("care")
    with contextlib.chdir(asked.folder):
        code = main(["ask", WHY, "--prompt", "shop/sorts"])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert "shop/sort?" in said.err
