"""One reviewable file holds every threshold; a mistake in a project's own values is one line with file and key."""

import pytest

from library.errors import InputError
from policies.rulebook import read_rulebook


def test_the_shipped_book_is_complete():
    book = read_rulebook(None, "shipped")

    assert book.version == 1
    assert book.acceptance.alpha == 0.025
    assert book.search.strategies == ("auto",)


def test_a_project_changes_single_values_and_keeps_the_rest():
    book = read_rulebook("search: {max_rounds: 2}\nruns: {lease_seconds: 30}", "policies/rulebook.yaml")

    assert (book.search.max_rounds, book.runs.lease_seconds) == (2, 30)
    assert book.search.patience == read_rulebook(None, "shipped").search.patience


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}"])
def test_an_empty_file_changes_nothing(text):
    assert read_rulebook(text, "file") == read_rulebook(None, "shipped")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("search: {max_rounds: 0}", "search.max_rounds"),
        ("search: {rounds: 3}", "search.rounds"),
        ("serach: {max_rounds: 3}", "serach"),
        ("acceptance: {alpha: 0.9}", "acceptance.alpha"),
        ("acceptance: {max_excluded: 1.5}", "acceptance.max_excluded"),
        ("acceptance: small", "acceptance"),
        ("search: {strategies: []}", "search.strategies"),
        ("proposals: {expire_days: soon}", "proposals.expire_days"),
        ("version: 2", "version"),
        ("- a list", "table of sections"),
        ("search: {max_rounds: 3", "not readable as YAML"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(text, named):
    with pytest.raises(InputError) as caught:
        read_rulebook(text, "policies/rulebook.yaml")

    said = str(caught.value)
    assert said.startswith("policies/rulebook.yaml: ")
    assert named in said
    assert "\n" not in said


def test_a_book_cannot_be_changed_by_accident():
    book = read_rulebook(None, "shipped")

    with pytest.raises(ValueError, match="frozen"):
        book.search.max_rounds = 99
