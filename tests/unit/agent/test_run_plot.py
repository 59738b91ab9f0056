"""The picture of a run: well-formed, readable without eyes and in the dark, nothing in it can run."""

from datetime import UTC, datetime
from xml.etree import ElementTree

from agent.plot_svg import Dot, Picture, Series, svg
from agent.run_plot import best_points, run_svg
from agent.run_story import story
from library.runs import Run
from tests.unit.agent.test_run_story import BILL, TWO_ROUNDS

NS = "{http://www.w3.org/2000/svg}"
RUN = Run(
    id=7, prompt="shop/sort", state="finished", trigger="optimize", incident_id=None, base_version=3, seed=1,
    path=(), stop_reason="proposed", stop_detail="", proposal_id=1, started_at=datetime(2026, 6, 1, tzinfo=UTC),
    finished_at=None,
)  # fmt: skip


def test_a_run_is_one_document_with_title_description_and_a_mark_for_every_tested_candidate():
    root = ElementTree.fromstring(run_svg(RUN, story(TWO_ROUNDS, BILL)))

    assert root.tag == f"{NS}svg"
    assert root.attrib["role"] == "img"
    named = {e.attrib["id"]: e.text for e in root.iter() if "id" in e.attrib}
    assert set(root.attrib["aria-labelledby"].split()) == set(named)
    assert named["plot-title"] == "Run 7: shop/sort@3"
    assert "Round 2: 2 candidates, best 0.800, 6 model calls" in named["plot-desc"]
    marks = [c for c in root.iter(f"{NS}circle") if c.attrib["class"] == "hollow"]
    assert len(marks) == 4
    assert {c.find(f"{NS}title").text.split(":")[0] for c in marks} == {
        "attempt 1 (tested)", "attempt 2 (tested)", "attempt 4 (proposed)", "attempt 5 (tested)",
    }  # fmt: skip


def test_the_line_starts_at_the_live_version_and_ends_at_the_winner():
    points = best_points(story(TWO_ROUNDS, BILL))

    assert [(x, round(y, 3)) for x, y in points] == [(2.0, 0.5), (4.0, 0.7), (6.0, 0.8)]


def test_it_follows_the_readers_dark_mode_and_holds_nothing_that_runs():
    drawn = run_svg(RUN, story(TWO_ROUNDS, BILL))

    assert "prefers-color-scheme:dark" in drawn
    assert "<script" not in drawn
    assert "href" not in drawn
    assert drawn == run_svg(RUN, story(TWO_ROUNDS, BILL))


def test_a_hostile_name_stays_text():
    evil = '</title><script>alert(1)</script>"'
    drawn = svg(
        Picture(
            title=evil,
            description=evil,
            x_label=evil,
            y_label=evil,
            series=[Series(name=evil, points=[(1, 0.5)])],
            dots=[Dot(x=1, y=1, hint=evil)],
        )
    )

    assert "<script" not in drawn
    root = ElementTree.fromstring(drawn)
    assert root.find(f"{NS}title").text == evil


def test_a_run_that_tried_nothing_can_be_drawn():
    ElementTree.fromstring(run_svg(RUN, story((), ())))


def test_higher_scores_are_drawn_higher_and_scores_outside_the_scale_at_its_edge():
    def height(y):
        root = ElementTree.fromstring(
            svg(Picture(title="", description="", x_label="", y_label="", series=[], dots=[Dot(x=1, y=y, hint="")]))
        )
        return float(next(c for c in root.iter(f"{NS}circle")).attrib["cy"])

    assert height(0.9) < height(0.2)
    assert height(1.7) == height(1.0)
