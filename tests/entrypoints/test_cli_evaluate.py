"""`promptkeeper evaluate`: figures with their intervals, what was excluded, and what the exit code says."""

from xml.etree import ElementTree

import pytest

from tests.fakes import Answer, FakeProvider

NAME = "support/triage"
ROWS = [
    {
        "inputs": {"message": f"case {n}"},
        "expected": "billing" if n % 4 else "login",
        "segment": "cards" if n < 4 else None,
    }
    for n in range(8)
]


@pytest.fixture
def provider(monkeypatch):
    """A student behind HTTP that answers `billing`, or what `answers` says for the case in the question."""
    answers: dict[str, Answer] = {}

    def answer(body):
        case = body["messages"][-1]["content"].split("Message: ")[-1].strip()
        return answers.get(case, Answer(text="billing"))

    with FakeProvider(answer=answer) as server:
        for key, value in {"model": "openai/house", "api_base": server.url, "retries": "0"}.items():
            monkeypatch.setenv(f"PROMPTKEEPER_MODELS__STUDENT__{key.upper()}", value)
        server.answers = answers
        yield server


@pytest.fixture
def evaluate(triage, provider):
    """`promptkeeper evaluate` on eight items of which the student gets six right."""
    triage.write("items.jsonl", ROWS)

    def run(*words, add=(), **more):
        if add:
            metrics = [word for metric in add for word in ("--metric", metric)]
            assert triage("prompts", "add", NAME, "v2.md", *metrics).code == 0
        return triage("evaluate", NAME, "items.jsonl", *words, **more)

    run.fails = lambda *words, **more: triage.fails("evaluate", NAME, "items.jsonl", *words, **more)
    run.folder, run.write = triage.folder, triage.write
    return run


def test_a_score_comes_with_its_interval_and_its_segments(evaluate):
    done = evaluate("--json")
    (metric,) = done.document["metrics"]
    assert (done.code, metric["metric"], metric["mean"], metric["n"], metric["excluded"]) == (
        0,
        "exact_match",
        0.75,
        8,
        0,
    )
    assert metric["low"] == pytest.approx(0.4093, abs=1e-4)  # Wilson 1927, 6 of 8
    assert metric["high"] == pytest.approx(0.9285, abs=1e-4)
    assert {name: (s["mean"], s["n"]) for name, s in metric["segments"].items()} == {
        "cards": (0.75, 4),
        "other": (0.75, 4),
    }
    assert (metric["outcomes"], metric["tokens"], metric["usd"]) == ({"scored": 8}, 96, None)
    assert done.document["score"]["mean"] == 0.75
    assert "exact_match  0.7500 (95 % 0.4093 to 0.9285)" in evaluate().out


def test_repeats_are_more_answers_and_no_more_evidence(evaluate):
    (once,) = evaluate("--json").document["metrics"]
    (thrice,) = evaluate("--json", "--repeats", 3).document["metrics"]
    assert (thrice["n"], thrice["mean"]) == (24, once["mean"])
    assert (thrice["low"], thrice["high"]) == (once["low"], once["high"])


def test_several_metrics_cost_one_call_an_item_and_make_one_weighted_score(evaluate, provider):
    heavy, light = '{"name": "exact_match", "weight": 3}', '{"name": "length", "most": 4, "weight": 1}'
    guard = '{"name": "contains", "text": "refund", "direction": "lower", "aspect": "no_refund", "protected": true}'
    done = evaluate("--json", add=(heavy, light, guard, "answered")).document
    assert len(provider.requests) == 8
    assert done["score"]["mean"] == pytest.approx(0.75 * 0.75)
    assert done["score"]["outcomes"] == {"format_error": 8}
    shown = {m["metric"]: (m["mean"], m["weight"], m["protected"]) for m in done["metrics"]}
    assert shown == {
        "exact_match": (0.75, 0.75, False),
        "length": (0.0, 0.25, False),
        "contains.no_refund": (1.0, 0.0, True),
    }
    text = evaluate().out
    assert "contains.no_refund" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_metric_of_the_prompt_is_meant_with_its_parameters(evaluate):
    add = ("exact_match", '{"name": "length", "most": 4}')
    (metric,) = evaluate("--json", "--metric", "length", add=add).document["metrics"]
    assert metric["mean"] == 0.0
    (other,) = evaluate("--json", "--metric", '{"name": "length", "most": 40}').document["metrics"]
    assert other["mean"] == 1.0


def test_a_few_lost_calls_are_excluded_by_kind_and_too_many_are_an_outage(evaluate, provider):
    provider.answers["case 1"] = Answer(status=500)
    done = evaluate("--json")
    (metric,) = done.document["metrics"]
    assert done.code == 3  # one of eight is more than one of twenty
    assert (metric["n"], metric["excluded"], metric["excluded_by_kind"]) == (7, 1, {"infra_error": 1})
    assert metric["mean"] == pytest.approx(5 / 7)
    assert "1 excluded (infra_error 1)" in evaluate().out
    provider.answers |= {f"case {n}": Answer(status=500) for n in range(8)}
    assert "none of 8 calls could be scored" in evaluate.fails(code=3)


def test_a_score_below_what_was_asked_for_is_a_no(evaluate):
    assert evaluate("--fail-under", 0.75).code == 0
    assert evaluate("--fail-under", 0.76).code == 1


def test_a_build_server_can_read_every_answer(evaluate, provider):
    provider.answers |= {"case 1": Answer(status=500), "case 2": Answer(text="bill\x0bing]]>&")}
    evaluate("--junit", "report.xml")
    suite = ElementTree.parse(evaluate.folder / "report.xml").getroot()
    assert suite.attrib == {"name": f"{NAME}@1", "tests": "8", "failures": "3", "errors": "1"}
    cases = {case.get("name"): case for case in suite}
    assert len(cases) == 8
    (error,) = [e for case in cases.values() for e in case.findall("error")]
    assert error.get("type") == "infra_error"
    failures = [f for case in cases.values() for f in case.findall("failure")]
    assert "0.000: not the expected answer" in {f.get("message") for f in failures}
    assert "bill?ing]]>&" in {f.text for f in failures}
    assert "cannot be written" in evaluate.fails("--junit", "no/such/folder.xml")


def test_a_function_of_the_project_scores_answers(evaluate):
    evaluate.write("own.py", "def third(output, expected, inputs): return len(inputs['message']) / 18\n")
    settings = (evaluate.folder / "promptkeeper.toml").read_text(encoding="utf-8")
    evaluate.write("promptkeeper.toml", settings + '\n[metrics.functions]\nthird = "own.py:third"\n')
    (metric,) = evaluate("--json", "--metric", '{"name": "function", "function": "third"}').document["metrics"]
    assert metric["mean"] == pytest.approx(1 / 3)
    assert metric["low"] < 1 / 3 < metric["high"]  # equal scores are no certainty
    said = evaluate.fails("--metric", '{"name": "function", "function": "other"}')
    assert "no function 'other' is declared (third)" in said


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("exact", "there is no metric 'exact'"),
        ("{", "broken JSON"),
        ('{"weight": 1}', "a metric without a name"),
        ("judge", "needs a judge, and none is set"),
    ],
)
def test_a_wrong_metric_is_named_before_anything_is_paid(evaluate, provider, metric, said):
    assert said in evaluate.fails("--metric", metric)
    assert provider.requests == []


def test_two_metrics_of_one_name_cannot_be_declared(triage):
    metrics = ("--metric", '{"name": "contains", "text": "a"}', "--metric", '{"name": "contains", "text": "b"}')
    assert "two metrics are named 'contains'" in triage.fails("prompts", "add", NAME, "v1.md", *metrics)
