"""The library proper: versions that never change, labels that move only by compare-and-set."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from library.errors import InputError, NotFound, Refused, Stale
from library.prompts import Actor, Content, Message

NAME = "support/triage"


def outcome(deed):
    """What a deed returned, or the error it raised: for deeds run in threads."""
    try:
        return deed()
    except (Refused, InputError) as error:
        return error


def test_a_new_prompt_is_empty_and_scored_by_exact_match(library, reviewer, now):
    made = library.prompts.create("a/b", description="text", actor=reviewer, now=now)
    assert made == library.prompts.get("a/b") == library.prompts.find("a/b")
    assert (made.description, made.labels, made.latest, made.created_at) == ("text", {}, None, now)
    assert made.metrics == ({"name": "exact_match"},)
    assert library.audit.events()[-1].action == "prompt.created"


def test_a_name_is_taken_once_and_must_be_legal(library, triage, reviewer, now):
    with pytest.raises(InputError, match="exists already"):
        library.prompts.create(NAME, actor=reviewer, now=now)
    with pytest.raises(InputError, match="reserved"):
        library.prompts.create("a/versions", actor=reviewer, now=now)
    assert [p.name for p in library.prompts.list()] == [NAME]


def test_an_unknown_name_is_not_found_and_names_a_similar_one(library, triage):
    with pytest.raises(NotFound, match="support/triage"):
        library.prompts.get("suport/triage")
    assert library.prompts.find("suport/triage") is None
    for look in (library.prompts.versions, lambda name: library.prompts.version(name, 1), library.prompts.resolve):
        with pytest.raises(NotFound, match="no such prompt"):
            look("suport/triage")


def test_the_list_is_sorted_and_carries_labels_and_highest_versions(library, triage, reviewer, now):
    library.prompts.create("a/first", actor=reviewer, now=now)
    listed = library.prompts.list()
    assert [p.name for p in listed] == ["a/first", NAME]
    assert (listed[1].labels, listed[1].latest) == ({"production": 1, "staging": 2}, 2)
    assert (listed[0].labels, listed[0].latest) == ({}, None)


def test_describing_changes_only_what_is_given(library, triage):
    library.prompts.describe(NAME, metrics=[{"name": "regex", "pattern": "^a"}])
    changed = library.prompts.describe(NAME, description="New")
    assert (changed.description, changed.metrics) == ("New", ({"name": "regex", "pattern": "^a"},))
    assert changed.labels == triage.labels
    for metrics in ([], [{"pattern": "x"}], [{"name": ""}]):
        with pytest.raises(InputError, match="metrics are incomplete"):
            library.prompts.describe(NAME, metrics=metrics)
    with pytest.raises(NotFound):
        library.prompts.describe("no/such", description="x")


def test_versions_come_back_as_they_were_written(library, triage, reviewer, now):
    content = Content(
        kind="chat",
        format="f-string",
        messages=(Message(role="system", content="Reply in {language}. ☃ {{x}}"), Message(role="user", content="{q}")),
        config={"temperature": 0.0, "top_p": 1e-17, "max_tokens": 20, "response_format": {"z": 1e16, "a": [1.0]}},
    )
    added = library.prompts.add_version(NAME, content, actor=reviewer, now=now, note="chat now")
    read = library.prompts.version(NAME, 3)
    assert added == read
    assert (read.content, read.content_hash, read.content.hash) == (content, content.hash, content.hash)
    assert (read.number, read.note, read.created_by, read.created_at) == (3, "chat now", "rita", now)
    assert [v.number for v in library.prompts.versions(NAME)] == [1, 2, 3]


def test_the_same_content_again_adds_nothing_but_an_older_content_does(library, triage, reviewer, now):
    latest = library.prompts.labelled(NAME, "latest")
    assert library.prompts.add_version(NAME, latest.content, actor=reviewer, now=now).number == 2
    first = library.prompts.version(NAME, 1)
    assert library.prompts.add_version(NAME, first.content, actor=reviewer, now=now).number == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(text="  "), "empty"),
        (Content(text="Sort {{mail"), "unbalanced"),
        (Content(text="a", config={"api_base": "http://x"}), "not allowed"),
        (Content(text="a\x00b"), "NUL"),
        (Content(text="a\ud800b"), "plain JSON"),
        (Content(text="a", config={"response_format": {"x": float("nan")}}), "plain JSON"),
        (Content(text="a", config={"response_format": {"x": object()}}), "plain JSON"),
        (Content(text="[[protect:a]] never closed"), "never closed"),
    ],
)
def test_content_that_is_not_allowed_is_refused_and_nothing_is_added(library, triage, reviewer, now, content, said):
    with pytest.raises(InputError, match=said) as caught:
        library.prompts.add_version(NAME, content, actor=reviewer, now=now)
    assert caught.value.place == NAME
    assert library.prompts.get(NAME).latest == 2


def test_a_text_that_only_spells_a_nul_escape_is_fine(library, triage, reviewer, now):
    text = r"Never print \u0000 here."
    assert library.prompts.add_version(NAME, Content(text=text), actor=reviewer, now=now).content.text == text


def test_references_name_a_version_a_label_or_production(library, triage):
    numbers = {
        reference: library.prompts.resolve(reference).number
        for reference in (NAME, f"{NAME}@2", f"{NAME}:staging", f"{NAME}:production", f"{NAME}:latest")
    }
    assert list(numbers.values()) == [1, 2, 2, 1, 2]
    assert library.prompts.resolve(NAME, default_label="latest").number == 2


@pytest.mark.parametrize("reference", [f"{NAME}@3:staging", f"{NAME}:staging@3", f"{NAME}@", f"{NAME}@x", "", ":a"])
def test_a_reference_that_is_not_one_is_bad_input(library, triage, reference):
    with pytest.raises(InputError, match="does not name a version") as caught:
        library.prompts.resolve(reference)
    assert not isinstance(caught.value, NotFound)


def test_what_is_not_set_is_not_found_and_never_replaced_by_something_else(library, triage, reviewer, now):
    with pytest.raises(NotFound, match=r"'canary' is not set.*production, staging"):
        library.prompts.resolve(f"{NAME}:canary")
    with pytest.raises(NotFound, match="highest one is 2"):
        library.prompts.resolve(f"{NAME}@9")
    library.prompts.create("empty", actor=reviewer, now=now)
    with pytest.raises(NotFound, match="no version"):
        library.prompts.resolve("empty:latest")
    with pytest.raises(NotFound, match="no version"):
        library.prompts.resolve("empty")


def test_a_label_move_is_written_down_in_history_and_audit(library, triage, reviewer, now):
    done = library.prompts.move_label(
        NAME, "production", 2, expected=1, actor=reviewer, reason="better", now=now, proposal_id=5
    )
    assert library.prompts.get(NAME).labels["production"] == 2
    assert library.prompts.moves(NAME, "production")[-1] == done
    assert (done.from_version, done.to_version, done.actor, done.proposal_id) == (1, 2, "rita", 5)
    assert [m.label for m in library.prompts.moves(NAME)] == ["production", "staging", "production"]
    event = library.audit.events()[-1]
    assert (event.action, event.actor, event.subject) == ("label.moved", "rita", NAME)
    assert event.detail == {"label": "production", "from": 1, "to": 2, "reason": "better", "proposal": 5}


@pytest.mark.parametrize("kind", ["agent", "token", "local"])
def test_a_protected_label_moves_only_for_a_reviewer_and_never_for_an_agent(library, triage, now, kind):
    allowed = kind != "agent"
    for reviewer_right in (True, False):
        actor = Actor(name="x", kind=kind, reviewer=reviewer_right)
        result = outcome(
            lambda actor=actor: library.prompts.move_label(
                NAME, "production", 2, expected=1, actor=actor, reason="r", now=now
            )
        )
        if allowed and reviewer_right:
            assert result.to_version == 2
            library.prompts.move_label(NAME, "production", 1, expected=2, actor=actor, reason="back", now=now)
        else:
            assert type(result) is Refused
            assert library.prompts.get(NAME).labels["production"] == 1
    plain = Actor(name="x", kind=kind, reviewer=False)
    assert library.prompts.move_label(NAME, "own", 1, expected=None, actor=plain, reason="r", now=now).to_version == 1


def test_a_move_from_where_the_label_no_longer_is_is_stale(library, triage, reviewer, now):
    before = len(library.audit.events())
    for label, expected in (("staging", 1), ("staging", None), ("canary", 1)):
        with pytest.raises(Stale):
            library.prompts.move_label(NAME, label, 1, expected=expected, actor=reviewer, reason="r", now=now)
    assert library.prompts.get(NAME).labels == triage.labels
    assert len(library.audit.events()) == before


def test_without_the_check_a_label_moves_from_anywhere(library, triage, reviewer, now):
    moved = library.prompts.move_label(
        NAME, "staging", 1, expected=None, check_expected=False, actor=reviewer, reason="r", now=now
    )
    assert (moved.from_version, moved.to_version) == (2, 1)


@pytest.mark.parametrize(
    ("label", "version", "kind", "said"),
    [
        ("latest", 1, InputError, "kept by the library"),
        ("Bad Label", 1, InputError, "not allowed"),
        ("production", 1, InputError, "already there"),
        ("production", 9, NotFound, "no version 9"),
    ],
)
def test_moves_that_make_no_sense_are_bad_input(library, triage, reviewer, now, label, version, kind, said):
    with pytest.raises(kind, match=said):
        library.prompts.move_label(NAME, label, version, expected=1, actor=reviewer, reason="r", now=now)
    assert library.prompts.get(NAME).labels == triage.labels


def test_writers_at_the_same_time_get_numbers_of_their_own(library, triage, reviewer, now):
    with ThreadPoolExecutor(6) as pool:
        added = list(
            pool.map(
                lambda i: library.prompts.add_version(NAME, Content(text=f"Text {i}"), actor=reviewer, now=now),
                range(12),
            )
        )
    assert sorted(v.number for v in added) == list(range(3, 15))
    assert {v.content.text for v in library.prompts.versions(NAME)[2:]} == {f"Text {i}" for i in range(12)}


def test_of_two_moves_from_the_same_place_one_wins(library, triage, reviewer, now):
    for number in (3, 4):
        library.prompts.add_version(NAME, Content(text=f"Text {number}"), actor=reviewer, now=now)

    def move(version):
        return outcome(
            lambda: library.prompts.move_label(
                NAME, "production", version, expected=1, actor=reviewer, reason="race", now=now
            )
        )

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(move, (3, 4)))
    assert sorted(type(r).__name__ for r in results) == ["LabelMove", "Stale"]
    winner = next(r for r in results if not isinstance(r, Stale))
    assert library.prompts.get(NAME).labels["production"] == winner.to_version
    assert len(library.prompts.moves(NAME, "production")) == 2
