"""What /metrics says of cycles: how they ended, and what the last one of a prompt cost."""

from datetime import timedelta

from library.calls import Call, Caps, Reservation

NAME = "support/triage"


def cycle(house, reason, *, calls=0, cost=0.25):
    """A finished cycle that made so many calls, and took a minute."""
    library, began = house.library, house.clock()
    said = {"trigger": "force", "incident_id": None, "base_version": 1, "seed": 1, "lease": timedelta(minutes=5)}
    claim, run, _ = library.runs.claim(NAME, owner="test", now=began, **said)
    scope = f"run:{run.id}"
    for number in range(calls):
        key = f"k-{number}"
        library.calls.reserve([Reservation(scope=scope, key=key, usd=cost, at=began)], Caps())
        library.calls.settle(
            [
                Call(
                    scope=scope, key=key, role="student", model="m", response_model="m", output="x",
                    finish_reason="stop", tokens_in=10, tokens_out=5, cost=cost, latency_ms=1.0, at=began,
                )
            ]
        )  # fmt: skip
    house.clock.later(minutes=1)
    library.runs.finish(claim, state="finished", stop_reason=reason, detail="", proposal_id=None, now=house.clock())


def told(house):
    lines = house.client().get("/metrics").text.splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}


def test_cycles_are_counted_by_how_they_ended_and_the_last_one_is_priced(house):
    cycle(house, "healthy")
    cycle(house, "no_better_candidate", calls=7)
    cycle(house, "no_better_candidate", calls=2)
    said = told(house)
    assert said['promptkeeper_cycles{ended="healthy"}'] == 1
    assert said['promptkeeper_cycles{ended="no_better_candidate"}'] == 2
    assert said[f'promptkeeper_last_cycle_calls{{prompt="{NAME}"}}'] == 2
    assert said[f'promptkeeper_last_cycle_tokens{{prompt="{NAME}"}}'] == 30
    assert said[f'promptkeeper_last_cycle_usd{{prompt="{NAME}"}}'] == 0.5
    assert said[f'promptkeeper_last_cycle_seconds{{prompt="{NAME}"}}'] == 60


def test_an_unknown_price_is_not_told_as_nothing(house):
    cycle(house, "healthy", calls=1, cost=None)
    said = told(house)
    assert f'promptkeeper_last_cycle_calls{{prompt="{NAME}"}}' in said
    assert f'promptkeeper_last_cycle_usd{{prompt="{NAME}"}}' not in said
