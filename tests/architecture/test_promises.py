"""What must never happen, line by line (docs: "What must never happen"), and the tests that watch over it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
STALE, SECRECY = "journeys/test_stale_approval.py", "journeys/test_what_a_teacher_reads.py"
KILL, GUARDS = "faults/test_cycle_kill.py", "journeys/test_guardrails.py"
RELEASE = "contracts/test_release_rounds.py"
OUTAGES, ERASURE = "journeys/test_outages.py", "journeys/test_erasure.py"

PROMISES = {
    "production moves only for a reviewer's decision on that exact content": (
        f"{STALE}::test_another_content_than_the_one_shown_is_not_released",
        f"{STALE}::test_production_moves_for_a_reviewer_only",
        "journeys/test_healing.py::test_a_cycle_moves_no_label",
        f"{RELEASE}::test_from_step_to_step_to_the_second_signature_which_moves_the_label",
        f"{RELEASE}::test_where_the_rulebook_says_automatic_the_approval_stands_for_the_last_step",
    ),
    "no protected clause is missing, weakened or dead in the queue": (
        f"{GUARDS}::test_a_dangerous_rewrite_never_reaches_the_queue",
    ),
    "policies fail closed": (
        f"{GUARDS}::test_without_a_readable_policy_there_is_no_proposal",
        f"{STALE}::test_without_a_readable_policy_nothing_is_released",
        "unit/policies/test_approval.py::test_one_objection_is_enough",
    ),
    "a teacher reads no select, gate or anchor item": (
        f"{SECRECY}::test_a_teacher_reads_learn_items_only",
        f"{SECRECY}::test_what_the_second_cycle_tells_of_the_first_holds_no_hidden_text_either",
    ),
    "an outage is not scored as a bad prompt": (
        f"{OUTAGES}::test_a_student_that_loses_more_than_one_call_in_twenty_ends_the_cycle_unjudged",
        f"{OUTAGES}::test_a_few_lost_calls_are_excluded_in_pairs_and_counted",
        "journeys/test_not_the_prompt.py::test_failed_calls_leave_no_score_behind",
    ),
    "nothing acknowledged is lost through kill -9": (
        f"{KILL}::test_the_decision_is_that_of_the_undisturbed_cycle",
        "faults/test_ingest_kill.py::test_acknowledged_batches_survive_kill_9_and_are_counted_once",
    ),
    "no finished call is paid twice after a crash": (f"{KILL}::test_no_finished_call_is_paid_twice",),
    "one cycle at a time works on a prompt": (
        "journeys/test_one_at_a_time.py::test_a_second_cycle_on_the_same_prompt_is_refused_while_the_first_works",
        "journeys/test_one_at_a_time.py::test_a_cycle_that_was_taken_over_can_write_nothing_more",
    ),
    "production text is fenced, capped and redacted": (
        f"{SECRECY}::test_production_text_stands_inside_its_fence_only",
        f"{SECRECY}::test_personal_data_and_secrets_are_replaced_before_a_teacher_reads_them",
        "journeys/test_hostile_text.py::test_an_order_in_the_traffic_is_not_in_what_is_proposed",
    ),
    "no figure without its interval, n and what was excluded": (
        "unit/policies/test_acceptance.py::test_every_figure_comes_with_its_interval_its_n_and_what_was_excluded",
        "journeys/test_healing.py::test_a_degraded_prompt_is_healed_with_the_embedded_models_and_released_by_a_person",
    ),
    "two models are never compared as one": ("contracts/test_models_http.py::",),
    "erased text does not survive": (f"{ERASURE}::test_an_erased_text_is_in_no_table_file_or_index",),
}


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("promise", sorted(PROMISES))
def test_every_promise_has_a_test(promise):
    for named in PROMISES[promise]:
        file, function = named.split("::")
        assert (TESTS / file).is_file(), named
        assert not function or function in functions(TESTS / file), named


def test_all_twelve_promises_are_here():
    assert len(PROMISES) == 12
