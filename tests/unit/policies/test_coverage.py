"""Which examples are shown where only a few can be."""

from policies.coverage import Shown, contrasting, varied


def case(text, expected="a", actual="b", segment=""):
    return Shown(text=text, expected=expected, actual=actual, segment=segment, reason="")


def test_the_few_that_are_chosen_differ_in_what_went_wrong():
    cases = [case(f"bill {n}") for n in range(20)] + [case("parcel", "c", "a"), case("login", "d", "b")]
    assert {20, 21} <= set(varied(cases, 3))


def test_the_choice_is_the_same_every_time_and_never_repeats():
    cases = [case(f"w{n % 5} x{n % 3}", f"l{n % 4}", f"m{n % 2}") for n in range(40)]
    chosen = varied(cases, 12)
    assert chosen == varied(cases, 12)
    assert len(set(chosen)) == 12
    assert sorted(varied(cases, 99)) == list(range(40))


def test_contrasts_are_the_nearest_of_what_works():
    failing = [case("the green parcel is late"), case("login code never comes")]
    passing = [case("thank you"), case("login code works"), case("the red parcel is late")]
    assert contrasting(failing, passing, 2) == [2, 1]
    assert sorted(contrasting(failing, passing, 9)) == [0, 1, 2]
    assert contrasting([], passing, 1) == [0]
