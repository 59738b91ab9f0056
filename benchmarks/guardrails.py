"""How long a guardrail comparison takes: typical prompts of 2,000 characters, and hostile candidates.

Run: python benchmarks/guardrails.py        (one process, one core; prints milliseconds)
"""

import statistics
import time
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pkgutil import iter_modules

import policies.guardrails
from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.policy import Policy
from policies.guardrails.policy_file import load_policy

WORDS = frozenset(
    {"stem", "german_lemma", "says_something", "fields_of", "_table", "_weights", "deeds", "kinds", "synonyms_of"}
)
"""What is kept about single words and about the shipped tables; everything else is kept about texts."""
TODAY = date(2026, 1, 1)
TOPICS = ("rent", "deposit", "repair", "heating", "parking", "noise", "keys", "cellar", "garden", "balcony", "lift")
CHARACTERS = 2000
HOSTILE = 200_000


def prompt(weaker: bool = False) -> str:
    """A prompt of about 2,000 characters: a rule and a remark for each topic, four variables."""
    parts = ["You answer tenants of Lindwood Homes.\n\nTenant: {tenant}\nQuestion: {question}\n\n## Rules\n"]
    for number, topic in enumerate(TOPICS * 3):
        never = "Try not to" if weaker and number % 7 == 0 else "Never"
        parts.append(f"- {never} promise anything about the {topic} {number} of another tenant.\n")
        parts.append(f"- Confirm the address before you discuss the {topic}.\n")
    return "".join(parts)[:CHARACTERS].rsplit("\n", 1)[0] + "\n\nNotes: {notes}\nDate: {date}\n"


def edits(text: str) -> dict[str, str]:
    """Candidates as they occur: small and large, harmless and harmful."""
    lines = text.splitlines()
    return {
        "other bullets": text.replace("- ", "* "),
        "one line reworded": text.replace("Never promise anything", "You must not make any promise", 1),
        "reordered": "\n".join([*lines[:6], *reversed(lines[6:-2]), *lines[-2:]]),
        "every line new": text.replace("Never promise anything about", "Do not make promises concerning"),
        "every line permits": text.replace("Never promise anything about", "You may tell the tenant early about"),
        "weakened": prompt(weaker=True),
        "half removed": "\n".join(lines[: len(lines) // 2]) + "\n{notes} {date}",
    }


def hostile() -> dict[str, str]:
    """Candidates built to make a pattern or an alignment slow."""
    units = {
        "letters": "a",
        "blanks": " ",
        "braces": "{",
        "quotes": '"',
        "commas": "a, ",
        "negations": "never not no ",
        "rules": "Never share the key of a tenant. ",
        "base64": "QUJD",
        "digits": "1 ",
        "digits and dots": "1.",
        "at signs": "a@a.",
        "capitals": "KEEP, ",
        "invisible": "a\u200b",
        "mixed letters": "\u0430b ",
        "stars": "*",
        "fences": "```\n",
        "comments": "<!--",
        "bullets": "- a\n",
        "ignore": "ignore all the ",
        "brackets": "[[protect:a]]",
    }
    return {name: (unit * (HOSTILE // len(unit) + 1))[:HOSTILE] for name, unit in units.items()}


def kept_about_texts() -> tuple[Callable[[], None], ...]:
    """What empties each store of things known about sentences and prompts."""
    modules = [import_module(m.name) for m in iter_modules(policies.guardrails.__path__, "policies.guardrails.")]
    found = {
        id(value): value.cache_clear
        for module in modules
        for name, value in vars(module).items()
        if hasattr(value, "cache_clear") and name not in WORDS
    }
    return tuple(found.values())


KEPT = kept_about_texts()


def timed(current: str, candidate: str, policy: Policy, *, first: bool = True) -> float:
    """Milliseconds of processor time of one comparison, so that other programs on the machine do not count.

    first: throw away what is kept from one comparison to the next, such as the sentences of the approved prompt.
    """
    for forget in KEPT if first else ():
        forget()
    subject = plain_subject(current, candidate)
    started = time.process_time()
    check(subject, policy, today=TODAY)
    return (time.process_time() - started) * 1000


def main() -> None:
    """Print the tables."""
    policy = load_policy(None, "shipped packs")
    text = prompt()
    timed(text, edits(text)["weakened"], policy)  # builds the tables of words once
    for title, first in (("nothing known before", True), ("the approved prompt was read before", False)):
        everything = []
        print(f"current prompt: {len(text)} characters; milliseconds of one comparison, {title}")
        for name, candidate in edits(text).items():
            took = sorted(timed(text, candidate, policy, first=first) for _ in range(40))
            everything += took
            print(f"  {name:20} median {statistics.median(took):6.1f}   p95 {took[37]:6.1f}   max {took[-1]:6.1f}")
        everything.sort()
        p95 = everything[int(len(everything) * 0.95)]
        print(f"  {'all':20} median {statistics.median(everything):6.1f}   p95 {p95:6.1f}")
    print(f"hostile candidates of {HOSTILE} characters")
    for name, candidate in hostile().items():
        print(f"  {name:20} {timed(text, candidate, policy):8.1f}")
    print("hostile candidates of 99,000 characters (below the size cap)")
    for name, candidate in hostile().items():
        print(f"  {name:20} {timed(text, candidate[:99_000], policy):8.1f}", flush=True)


if __name__ == "__main__":
    main()
