"""A degradation has one of several causes; only a prompt's own fault, or a new topic, leads to a rewrite.

A part of the suite in `benchmarks/causes.py`, which runs all of it: made-up traffic through ingest, sweep, diagnosis.
"""

import json
import random
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.steps.diagnose import may_rewrite
from benchmarks.causes import NEVER_REWRITTEN, judge
from benchmarks.causes_scenarios import scenarios
from library.store.stores import open_library
from policies.attribution import ON_REQUEST, REWRITABLE
from policies.rulebook import read_rulebook
from tests.journeys import world
from tests.journeys.project import opened
from tests.journeys.teachers import Teacher, good, student
from tools.errors import ProviderError

FRESH_SEED = 407
SINGLE = (
    "prompt-0", "new_topic-2", "traffic_mix-4", "model_changed-5", "model_changed-7", "data_error-8",
    "evaluator_changed-10", "outage-12", "truncation-14", "release-15",
)  # fmt: skip
PAIRS = ("new_topic+model_changed", "data_error+outage", "truncation+prompt")


def judged(tmp_path, start):
    (scenario,) = (s for s in scenarios(FRESH_SEED) if s.name.startswith(f"{start}-"))
    library = open_library(f"sqlite:///{tmp_path}/library.db")
    found = judge(library, read_rulebook(None, "shipped"), scenario)
    library.db.close()
    return found


@pytest.mark.parametrize("start", SINGLE)
def test_the_cause_is_named_from_what_the_library_holds(tmp_path, start):
    found = judged(tmp_path, start)

    assert found.found is not None
    assert found.named[0] == found.scenario.causes[0], found.found.sentence
    primary = found.found.causes[0]
    assert primary.sentence == found.found.sentence
    assert primary.evidence["trace_ids"]
    assert primary.share > 0.5
    assert json.loads(json.dumps(primary.evidence)) == primary.evidence
    assert may_rewrite(found.found, "incident") is (found.found.cause in REWRITABLE)
    assert not (set(found.scenario.causes) <= NEVER_REWRITTEN and may_rewrite(found.found, "force"))


@pytest.mark.parametrize("start", PAIRS)
def test_two_causes_at_once_are_both_named_with_their_shares(tmp_path, start):
    found = judged(tmp_path, start)

    assert found.found is not None
    assert set(found.scenario.causes) <= set(found.named)
    shares = [c.share for c in found.found.causes]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0 + 1e-9


def test_only_what_a_person_may_ask_for_is_rewritten_on_request():
    assert not (REWRITABLE | ON_REQUEST) & NEVER_REWRITTEN


def fill_with(change):
    """Usual messages all the time; `change` makes another call of those after the onset."""

    def fill(library):
        rng = random.Random(21)
        content = world.add_prompt(library)
        library.datasets.add(world.golden())
        traces, scores = [], []
        for number, trace in enumerate(world.traffic(content)[0]):
            topic = rng.choice(sorted(world.USUAL))
            said = {n: getattr(trace, n) for n in type(trace).__slots__}
            said |= {"inputs": {"message": world.say(topic, 1000 + number, rng, world.USUAL)}, "expected": topic}
            wrong = rng.choice([t for t in sorted(world.USUAL) if t != topic])
            said |= {"output": wrong if rng.random() < 0.05 else topic, "segment": world.SEGMENTS[topic]}
            usual = type(trace)(**said)
            traces.append(usual)
            scores.append(world.judged(usual, float(usual.output == usual.expected)))
            if trace.ts >= world.ONSET:
                traces[-1], scores[-1] = change(number, usual, scores[-1])
        library.traces.add(traces, scores)

    return fill


def harsh(number, trace, score):
    """The same answers, but every third one is failed."""
    return trace, world.judged(trace, 0.0 if number % 3 == 0 else score.value)


def confused(number, trace, score):
    """The same messages, but every third answer is another one."""
    said = {n: getattr(trace, n) for n in type(trace).__slots__}
    wrong = "parcel" if trace.expected != "parcel" else "refund"
    worse = type(trace)(**{**said, "output": wrong if number % 3 == 0 else trace.output})
    return worse, world.judged(worse, float(worse.output == worse.expected))


async def test_a_changed_evaluator_ends_with_a_report_whoever_asks(tmp_path):
    project = opened(tmp_path, fill_with(harsh))

    for trigger in ("incident", "force"):
        run = await project.cycle(trigger)
        assert (run.stop_reason, run.path) == ("not_the_prompt", ("monitor", "diagnose"))

    (incident,) = project.library.incidents.list()
    assert incident.diagnosis["cause"] == "evaluator_changed"
    assert incident.diagnosis["causes"][0]["evidence"]["pairs"]
    assert project.library.datasets.items(world.NAME, incident_id=incident.id) == ()  # nothing wrong is learnt
    project.library.db.close()


AFTER = 1000 + round(world.TRACES * ((world.ONSET - world.START) / (world.END - world.START)))
"""The number in the first message after the onset."""


def mistaken(only_new):
    """A student that gets every third message wrong: of those since the onset, or of all."""

    def answered(request):
        number = int(re.findall(r"\d+", request.messages[-1].content)[-1])
        said = student(request)
        if (number - 1000) % 3 or (only_new and number < AFTER):
            return said
        return "parcel" if said != "parcel" else "refund"

    return answered


@pytest.mark.parametrize(
    ("learn", "verdict", "confidence"), [(student, "vanished", "low"), (mistaken(only_new=False), "changed", "high")]
)
async def test_a_model_that_may_have_changed_silently_is_asked_again_and_nothing_is_rewritten(
    tmp_path, learn, verdict, confidence
):
    project = opened(tmp_path, fill_with(confused))

    run = await project.cycle(learn=learn)

    assert (run.stop_reason, run.path) == ("not_the_prompt", ("monitor", "diagnose"))
    (incident,) = project.library.incidents.list()
    assert (incident.diagnosis["cause"], incident.diagnosis["confidence"]) == ("model_changed", confidence)
    assert "asked again" in incident.diagnosis["sentence"]
    asked = incident.diagnosis["causes"][0]["evidence"]["asked_again"]
    assert (asked["well"]["asked"], asked["failed"]["asked"], asked["verdict"]) == (24, 24, verdict)
    assert project.library.calls.spend(f"run:{run.id}").calls == 48
    assert project.told() == []
    assert project.library.datasets.items(world.NAME, incident_id=incident.id) == ()
    project.library.db.close()


async def test_a_model_that_cannot_be_asked_leaves_the_doubt_and_nothing_is_rewritten(tmp_path):
    project = opened(tmp_path, fill_with(confused))

    def down(request):
        raise ProviderError("timeout", "no answer within 60 s", "scripted/student")

    run = await project.cycle(learn=down)

    assert run.stop_reason == "not_the_prompt"
    (incident,) = project.library.incidents.list()
    assert (incident.diagnosis["cause"], incident.diagnosis["confidence"]) == ("model_changed", "low")
    assert "asked_again" not in incident.diagnosis["causes"][0]["evidence"]
    project.library.db.close()


async def test_a_revision_of_the_evaluator_that_began_before_is_told_beside_the_cause(tmp_path):
    def fill(library):
        fill_with(harsh)(library)
        (content,) = [v.content for v in library.prompts.versions(world.NAME)]
        older = [
            replace(t, id=f"older-{t.id}", ts=t.ts - timedelta(days=4))
            for t in world.traffic(content, count=300)[0]
            if t.ts < world.START + timedelta(days=3)
        ]
        library.traces.add(older, [replace(world.judged(t, 1.0), revision="0") for t in older])

    project = opened(tmp_path, fill)

    await project.cycle()

    (incident,) = project.library.incidents.list()
    (told,) = incident.diagnosis["revisions"]
    assert f"since {world.START:%Y-%m-%d %H:%M}" in told
    assert "scores before and after are not compared" in told
    project.library.db.close()


class Doubting(Teacher):
    """Is asked what is to blame, and makes one claim that holds and two that cannot be checked."""

    def __init__(self):
        super().__init__(good)
        self.doubts = 0

    def __call__(self, request):
        said = world.asked(request.messages)
        if "<answer_format>diagnose" not in said:
            return super().__call__(request)
        self.doubts += 1
        item = said.split('<example id="', 1)[1].split('"', 1)[0]
        claim = {"claim": "parcel draws everything", "cause": "prompt", "items": [item], "span": "- parcel: a delivery"}
        return json.dumps({"claims": [{**claim, "items": ["i-unknown"]}, {**claim, "span": "never said"}, claim]})


async def test_the_teacher_is_asked_only_for_what_the_rules_cannot_settle_and_must_cite(tmp_path):
    project, teacher = opened(tmp_path, fill_with(confused)), Doubting()

    await project.cycle(teach=teacher, learn=mistaken(only_new=True))

    (incident,) = project.library.incidents.list()
    assert incident.diagnosis["causes"][0]["evidence"]["asked_again"]["verdict"] == "reproduced"
    assert (incident.diagnosis["cause"], incident.diagnosis["confidence"]) == ("prompt", "low")
    assert teacher.doubts == 1
    (claim,) = incident.diagnosis["claims"]
    assert claim["span"] in world.PROMPT
    learn = {i.id for i in project.library.datasets.items(world.NAME, roles=("learn",))}
    assert set(claim["items"]) <= learn
    project.library.db.close()


async def test_a_teacher_that_cannot_say_leaves_the_diagnosis_to_the_rules(tmp_path):
    project = opened(tmp_path, fill_with(confused))

    def mute(request):
        said = world.asked(request.messages)
        return "no idea" if "<answer_format>diagnose" in said else Teacher(good)(request)

    run = await project.cycle(teach=mute, learn=mistaken(only_new=True))

    (incident,) = project.library.incidents.list()
    assert incident.diagnosis["claims"] == []
    assert run.stop_reason != "teacher_down"
    asked = [r for r in project.told() if "<answer_format>diagnose" in r]
    assert len(asked) == 1
    project.library.db.close()
