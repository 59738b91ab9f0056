"""Which worlds: named as `family-seed` or `family-seed-k` on the command line."""

import argparse

from benchmarks.optimizer.simulator import World

DEFAULT = "triage-11,triage-12,extract-13,extract-14,arith-15"


def parse_worlds(text: str) -> list[World]:
    """`triage-11,extract-13-8`: k is 10 (9 for arith, which has no more) where it is not said."""
    return [_world(word.strip()) for word in text.split(",") if word.strip()]


def _world(word: str) -> World:
    family, _, rest = word.partition("-")
    seed, _, k = rest.partition("-")
    if not seed.isdigit() or (k and not k.isdigit()):
        raise argparse.ArgumentTypeError(f"'{word}' is no world; write family-seed, such as triage-11")
    return World(family=family, seed=int(seed), k=int(k) if k else 10)
