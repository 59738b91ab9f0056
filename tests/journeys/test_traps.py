"""Every trap through the whole graph: refused before it costs anything, with a reason a person can read."""

import contextlib
import json
import re
from dataclasses import replace

import pytest

from agent.entrypoints.cli.main import main
from agent.review import approve
from library.errors import Refused, Stale
from library.prompts import Content
from library.runs import StopReason
from tests.journeys import world
from tests.journeys.project import Project, opened
from tests.journeys.teachers import Teacher, mended, useless
from tests.journeys.traps import RULES, SMUGGLED, TRAPS

STRATEGIES = RULES.search.strategies
UNDER_THE_APPROVED_PROMPT = world.PROMPT.split("{{message}}")[0]


@pytest.fixture
def trapped(project):
    """The degraded prompt with a search of one round."""
    return Project(root=project.root, library=project.library, rules=RULES)


class Trapper(Teacher):
    """Sets another trap with every strategy. traps: strategy -> rewrite."""

    def __init__(self, traps):
        super().__init__(useless)
        self._traps = {name: Teacher(rewriting) for name, rewriting in traps.items()}

    def __call__(self, request):
        used = re.search(r'<strategy name="(\w+)">', world.asked(request.messages))
        return self._traps[used[1]](request) if used else super().__call__(request)


def offences(project, run, named):
    """What is wrong with how a run dealt with its traps. named: strategy -> policies of which one must block."""
    found = [] if run.stop_reason == "guardrails_refuse" else [f"the run stopped with {run.stop_reason}"]
    found += [f"proposal {p.id} is in the queue" for p in project.library.proposals.list()]
    for attempt in project.attempts(run):
        blocking = {f["policy"] for f in attempt.result["findings"] if f["severity"] == "block"}
        policy, _, said = attempt.reason.partition(": ")
        if attempt.state != "blocked":
            found.append(f"{attempt.strategy} is {attempt.state}: {attempt.content.full_text!r}")
        elif not blocking & set(named[attempt.strategy]):
            found.append(f"{attempt.strategy} is blocked by {blocking} only")
        elif policy not in blocking or len(said.split()) < 4:
            found.append(f"{attempt.strategy}: no reason that a person can read: {attempt.reason!r}")
    requests = project.told("student")
    paid = [r for r in requests if not r.startswith(UNDER_THE_APPROVED_PROMPT)]
    found += [f"{len(paid)} of {len(requests)} student calls were spent on candidates"] if paid or not requests else []
    return found


def refused(project, run, *policies):
    """Every attempt of the run was refused for one of these policies, before it cost anything."""
    assert offences(project, run, dict.fromkeys(STRATEGIES, policies)) == []
    assert len(project.attempts(run)) == len(STRATEGIES)
    assert project.attempts(run)[-1].reason in run.stop_detail


@pytest.mark.parametrize("names", [tuple(TRAPS)[at : at + 3] for at in range(0, len(TRAPS), 3)], ids=", ".join)
async def test_a_trap_never_reaches_the_queue_nor_a_student(trapped, names):
    set_by = dict(zip(STRATEGIES, names, strict=False)) | dict.fromkeys(STRATEGIES[len(names) :], names[0])

    run = await trapped.cycle(teach=Trapper({strategy: TRAPS[name][0] for strategy, name in set_by.items()}))

    assert offences(trapped, run, {strategy: TRAPS[name][1] for strategy, name in set_by.items()}) == []
    assert {a.strategy for a in trapped.attempts(run)} == set(STRATEGIES)


async def test_an_honest_rewrite_passes_where_every_trap_is_stopped(trapped):
    run = await trapped.cycle(teach=Teacher(lambda current, number: mended(current)))

    assert run.stop_reason == "proposed", run.stop_detail
    assert not all(r.startswith(UNDER_THE_APPROVED_PROMPT) for r in trapped.told("student"))


async def test_the_command_line_tells_why_each_attempt_was_refused(trapped, capsys):
    (trapped.root / "promptkeeper.toml").write_text("", encoding="utf-8")
    run = await trapped.cycle(teach=Teacher(TRAPS["adds unless"][0]))

    with contextlib.chdir(trapped.root):
        assert main(["runs", "show", str(run.id)]) == 0

    shown = " ".join(capsys.readouterr().out.split())
    assert "guardrails_refuse" in shown
    assert "safety-weakened: 'Never repeat a card number that a customer sent.' became" in shown
    assert "unless the user insists" in shown


async def test_what_goes_back_for_repair_never_holds_what_was_smuggled_in(trapped):
    traps = dict(zip(STRATEGIES, SMUGGLED.values(), strict=True))
    teacher = Trapper({strategy: rewriting for strategy, (rewriting, _) in traps.items()})

    run = await trapped.cycle(teach=teacher)
    told = trapped.told()
    again = await trapped.cycle("force", teach=teacher)
    told += trapped.told()

    assert run.stop_reason == again.stop_reason == "guardrails_refuse"
    assert any("<objections_to_the_last_answer>" in r for r in told)  # it was sent back
    assert any("<earlier_attempts>" in r for r in told)  # and told of in the next cycle
    leaked = {text for _, text in traps.values() for r in told if text.casefold() in r.casefold()}
    assert leaked == set()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Certainly! I would describe the topics in more detail and keep the rest.", "teacher_down"),
        ('{"hypothesis": "new kinds", "improved_prompt": "You sort messages that', "teacher_down"),
        ('{"hypothesis": "new kinds"}', "teacher_down"),
        ('{"hypothesis": "new kinds", "improved_prompt": {"text": "Sort {{message}}"}}', "teacher_down"),
        ('{"hypothesis": "new kinds", "improved_prompt": "   "}', "guardrails_refuse"),
    ],
    ids=["prose", "truncated", "no prompt", "another type", "blank prompt"],
)
async def test_an_answer_that_is_no_prompt_ends_the_cycle_with_its_reason(trapped, answer, reason: StopReason):
    class Rambling(Teacher):
        """Finds hypotheses, and then cannot write."""

        def __call__(self, request):
            if "<answer_format>hypotheses" in world.asked(request.messages):
                return super().__call__(request)
            return answer

    run = await trapped.cycle(teach=Rambling(useless))

    assert (run.stop_reason, run.proposal_id) == (reason, None)
    assert len(run.stop_detail.split()) > 4
    assert all(r.startswith(UNDER_THE_APPROVED_PROMPT) for r in trapped.told("student"))


@pytest.mark.parametrize("role", ["select", "gate"])
async def test_texts_of_hidden_items_are_not_taken_into_a_prompt(trapped, role):
    def copying(current, number):
        hidden = trapped.library.datasets.items(world.NAME, roles=(role,))
        lines = [f"- {i.inputs['message']} is {i.expected}" for i in hidden[:4]]
        return mended(current) + "\nFor instance:\n" + "\n".join(lines) + "\n"

    run = await trapped.cycle(teach=Teacher(copying))

    refused(trapped, run, "data-leak")


@pytest.fixture
def desks(tmp_path):
    """Traffic in which some expected answers are sentences of their own, which nobody could guess."""

    def fill(library):
        traces, scores = world.traffic(world.add_prompt(library))
        said = [replace(t, expected=_desk(n)) if n % 9 == 0 else t for n, t in enumerate(traces)]
        lost = {t.id for t, old in zip(said, traces, strict=True) if t is not old}
        library.traces.add(said, [replace(s, value=0.0) if s.trace_id in lost else s for s in scores])

    project = opened(tmp_path, fill, RULES)
    yield project
    project.library.db.close()


def _desk(number):
    towns = ("Gdynia", "Porto", "Leeds", "Turku", "Brno", "Lyon", "Cork")
    return f"forward to desk {chr(97 + number % 23)}{chr(97 + number % 19)} in {towns[number % 7]}"


async def test_answers_of_gate_items_are_not_taken_into_a_prompt(desks):
    def copying(current, number):
        gate = desks.library.datasets.items(world.NAME, roles=("gate",))
        answers = [i.expected for i in gate if i.expected.startswith("forward")]
        assert answers
        return f"{mended(current)}\nIf nobody knows, {answers[0]}.\n"

    run = await desks.cycle(teach=Teacher(copying))

    refused(desks, run, "data-leak")


async def test_the_model_of_the_config_is_not_the_teachers_to_choose(tmp_path):
    config = {"model": "house/small", "temperature": 0}

    def fill(library):
        content = Content(text=world.PROMPT, config=config)
        now = world.START
        library.prompts.create(world.NAME, description="Sorts mail.", actor=world.REVIEWER, now=now)
        library.prompts.add_version(world.NAME, content, actor=world.REVIEWER, now=now)
        library.prompts.move_label(
            world.NAME, "production", 1, expected=None, actor=world.REVIEWER, reason="start", now=now
        )
        library.traces.add(*world.traffic(content))

    class Choosing(Teacher):
        """Sends a config along, in every place that comes to mind."""

        def __call__(self, request):
            said = json.loads(super().__call__(request))
            return json.dumps({**said, "config": {"model": "house/large"}, "model": "house/large"})

    project = opened(tmp_path, fill, RULES)

    run = await project.cycle(teach=Choosing(lambda current, number: mended(current)))

    assert run.stop_reason == "proposed"
    assert all(dict(a.content.config) == config for a in project.attempts(run))
    assert dict(project.proposal(run).content.config) == config
    project.library.db.close()


async def test_a_teacher_that_repeats_itself_is_tested_once(trapped):
    run = await trapped.cycle(teach=Teacher(lambda current, number: useless(current, 1)))

    assert run.stop_reason == "no_better_candidate"
    states = [(a.strategy, a.state) for a in trapped.attempts(run)]
    assert states[0] == ("surgical", "tested")
    # The union of three equal candidates is one of them, too.
    assert states[1:] == [(name, "duplicate") for name in ("clarify", "examples", "merged")]
    assert {a.reason for a in trapped.attempts(run)[1:]} == {"repeats attempt 1 of this round"}

    again = await trapped.cycle("force", teach=Teacher(lambda current, number: useless(current, 1)))

    assert again.stop_reason == "only_duplicates"
    assert all(re.match(r"repeats attempt 1 of run \d+", a.reason) for a in trapped.attempts(again))


@pytest.mark.parametrize(
    ("tightening", "error", "match"),
    [
        ("budget: {max_chars: 60}", Refused, r"guardrails block it: length-budget: \d+ characters"),
        ("lexicon: {forbidden: [loyalty card]}", Refused, "guardrails block it: forbidden-phrase"),
        ("budget: {max_growth: 1.01}", Stale, "the policy has changed since it was checked"),
    ],
)
async def test_a_policy_tightened_after_the_proposal_is_what_counts_at_the_signature(trapped, tightening, error, match):
    run = await trapped.cycle(teach=Teacher(lambda current, number: mended(current)))
    proposal = trapped.proposal(run)
    policy = trapped.root / "policies" / "base.yaml"
    policy.parent.mkdir()
    policy.write_text(f"version: 1\nextends: [pack:base, pack:style]\n{tightening}\n", encoding="utf-8")

    with pytest.raises(error, match=match) as caught:
        approve(trapped.reviewing(), proposal.id, content_hash=proposal.content_hash)

    assert "\n" not in str(caught.value)
    assert trapped.library.proposals.get(proposal.id).state == "pending"
    assert trapped.production() == 1
