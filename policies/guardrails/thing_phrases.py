"""Things named by a phrase rather than by one word: `how many tablets`, `the rest of the team`."""

import re
from functools import lru_cache

THING_PHRASES: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (tuple(names.split()), re.compile(pattern))
    for names, pattern in (
        (
            "code",
            r"\b(?:digits?|numbers?|characters?)\b[^.;]{0,40}\b(?:received|sent|texted|sms|text message|app shows|"
            r"generated)\b"
            r"|\b(?:security|verification|login) (?:number|digits)\b",
        ),
        (
            "card number",
            r"\bdigits of (?:the|a|their|his|her|your) (?:\w+ )?card\b|\bnumber on the (?:front|back|card)\b",
        ),
        (
            "dose",
            r"\b(?:take|taking|give|giving|swallow)\w* (?:\w+ ){0,3}(?:two|three|four|double|half|more|extra|another|"
            r"twice)\b|"
            r"\bhow (?:much|many)\b[^.;]*\b(?:take|give|milligrams?|mg|ml|millilitres?|tablets?|drops|pills|capsules|"
            r"spoons?)\b|"
            r"\bmilligrams?\b|\b\d+ ?(?:mg|ml|mcg|µg)\b",
        ),
        (
            "double",
            r"\b(?:two|twice|both)\b[^.;]{0,20}\b(?:today|at once|together|instead|as much|as many)\b|\bcatch up\b",
        ),
        (
            "other",
            r"\b(?:which|whose|what) (?:\w+ )?(?:friends?|colleagues?|neighbou?rs?|relatives?|guests?|people|others|"
            r"tenants?|"
            r"patients?|pupils?)\b|\b(?:the|their|his|her) (?:rest|others)\b|\brest of the (?:team|staff|class|group|"
            r"house)\b|"
            r"\b(?:team|class|flat|room)-?mates?\b|\bco-?workers?\b|\b(?:a|the) (?:husband|wife|spouse|colleague|"
            r"neighbou?r|friend|partner|relative)\b",
        ),
        ("salary pay earn", r"\btak(?:e|es|ing) home\b|\bmakes? (?:a|per) (?:month|year)\b"),
        ("owner holder keeper", r"\bwhose\b"),
        (
            "sell price",
            r"\b(?:bring|fetch|raise|worth|go for)\b[^.;]{0,20}\b(?:auction|market|today|sale|money|euros?|dollars?)\b",
        ),
    )
)


@lru_cache(maxsize=4096)
def phrased_things(low: str) -> frozenset[str]:
    """Things a lower-case sentence describes without naming them, as words."""
    return frozenset(n for names, pattern in THING_PHRASES if pattern.search(low) for n in names)
