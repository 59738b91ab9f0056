"""`promptkeeper worker` where it cannot work, and what it needs; at work it is seen in the faults and the journeys."""

import pytest

from agent.settings import Settings, load_settings


def test_on_sqlite_it_says_in_one_line_who_runs_the_cycles(promptkeeper):
    said = promptkeeper.fails("worker")

    assert "promptkeeper serve" in said
    assert "[library] url" in said


def test_a_database_that_is_not_there_is_one_line(promptkeeper):
    settings = promptkeeper.folder / "promptkeeper.toml"
    url = "postgresql+psycopg://nobody:secret@127.0.0.1:9/none"
    settings.write_text(f'[library]\nurl = "{url}"\n', encoding="utf-8")

    said = promptkeeper.fails("worker", code=3)

    assert "does not answer" in said
    assert "secret" not in said


@pytest.mark.parametrize("number", ["0", "65"])
def test_it_runs_a_sensible_number_of_cycles(promptkeeper, number):
    assert "--concurrency" in promptkeeper.fails("worker", "--concurrency", number)


def test_rates_are_shared_among_those_who_work_and_never_nothing(tmp_path):
    (tmp_path / "promptkeeper.toml").write_text(
        "[models.student]\nmodel = 'openai/x'\nrpm = 100\ntpm = 3\n", encoding="utf-8"
    )
    settings = load_settings(tmp_path, {})

    share = settings.share(8)

    assert (share.models.student.rpm, share.models.student.tpm) == (12, 1)
    assert share.models.teacher == settings.models.teacher
    assert share.library == settings.library
    assert Settings().share(3) == Settings()
