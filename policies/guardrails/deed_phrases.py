"""Deeds done and things named by a phrase rather than by one word: `have the caller read out`, `how many tablets`."""

import re
from functools import lru_cache

PERSON = (
    r"(?:the |your |a |an |every |each )?(?:caller|customer|user|client|guest|visitor|patient|tenant|employee|buyer|"
    r"passenger|member|student|pupil|applicant|person|them|him|her|people|owner|reader|driver|sender)s?"
)
WRITTEN = (
    r"(?:answer|reply|response|message|summary|note|mail|e-?mail|letter|report|text|subject|greeting|confirmation)"
)

DEED_PHRASES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = tuple(
    (frozenset(names.split()), re.compile(pattern))
    for names, pattern in (
        (
            "collect",
            rf"\b(?:have|let|get|make|invite|ask|tell|encourage) {PERSON} (?:to )?(?:read|give|tell|say|type|enter|"
            rf"spell|"
            r"provide|send|share|confirm|name|dictate|key|upload|write)\b",
        ),
        (
            "disclose",
            rf"\b(?:confirm|include|put|write|state|note|use|quote|spell|add|mention|echo|keep|carry|enter)\b[^.;]*?"
            rf"\b(?:in|into|to) (?:the|your|each|every|its|this|that) {WRITTEN}\b",
        ),
        ("disclose", r"\b(?:open|start|begin|close|end|finish|greet|address|sign|call)\b[^.;]*?\b(?:with|by)\b"),
        ("disclose", r"\bby (?:first |full |last |their |his |her )?names?\b"),
        (
            "advise",
            r"\b(?:good|great|useful|helpful|nice|safe|fine|proven|best) (?:tip|idea|choice|option|addition|way|"
            r"remedy|pick)\b|"
            r"\bworth (?:trying|a try|considering|buying|a look)\b|\b(?:works?|helps?) (?:well|best|against|with|"
            r"fast)\b|"
            r"\b(?:can't|cannot|won't|does not|doesn't) (?:hurt|harm)\b",
        ),
        (
            "foretell promise",
            r"\b(?:sicher|bestimmt|garantiert|auf jeden fall|wahrscheinlich|gewiss|definitely|surely|certainly)\b",
        ),
        ("disclose", r"\bread (?:[\w']+ ){0,4}(?:to|out|back|aloud)\b|\b(?:with|in) (?:the )?full\b|\bword for word\b"),
        (
            "disclose",
            r"\b(?:may|can|could|should|must|are|is) (?:also |always )?(?:be )?(?:allowed to |free to |welcome to |"
            r"able to )?"
            r"(?:see|view|access|know|get|receive|learn|have|hear|find out|be told|be shown|look up)\b",
        ),
        (
            "foretell promise",
            r"\b(?:would|will|might|could) (?:probably |likely |surely )?(?:fetch|cost|win|get|happen|earn|be worth|"
            r"arrive|"
            r"take|pass|succeed|be (?:paid|accepted|approved|fine|covered|granted))\b|\b(?:most|very|quite|"
            r"highly) likely\b|\bodds\b|\bchances?\b|"
            r"\bprobably\b|\b(?:almost|nearly|practically) (?:certain|sure)\b|\b(?:bound|sure|certain) to\b|"
            r"\bas good as\b|"
            r"\bgood prospects?\b|\blikely (?:outcome|result|winner|date|price|grade)\b|\bis (?:likely|certain|"
            r"guaranteed|safe)\b",
        ),
        (
            "foretell invent",
            r"\bhow much\b[^.;]*\b(?:bring|fetch|worth|go for|cost|sell|raise)\b|\bwhat\b[^.;]*\b(?:worth|fetch)\b",
        ),
        (
            "judge advise",
            r"\bwhether (?:to|they|he|she|the|or not|it)\b|\byes or no\b|\bverdict\b|\bthumbs up\b|\bpros and cons\b|"
            r"\bbest (?:one|choice|option|candidate|offer|deal)\b|\b(?:you|i|we) would (?:\w+ )?(?:buy|choose|take|"
            r"pick|do|vote|prefer)\b|"
            r"\byour favou?rite\b",
        ),
        (
            "judge",
            r"\b(?:that|which|what) (?:best )?(?:fits?|matches|explains?|causes?|it (?:could|might|may) be|"
            r"sounds like)\b",
        ),
        ("invent", r"\b(?:usually|normally|often|typically|generally|mostly|commonly)\b[^.;]*,? so\b"),
        (
            "invent",
            r"\bfill (?:in|up|it|them|out)\b|\b(?:best|educated|reasonable|sensible|rough) (?:guess|value|figure|"
            r"number)\b",
        ),
        (
            "weaken",
            r"\bcomment (?:it|them|this|that|the \w+|out)\b|\bmark (?:it|them|this|the \w+) (?:as )?@?(?:disabled|"
            r"skipped|"
            r"ignored?|skip|pending|expected|flaky)|\b(?:turn|switch) (?:it|them|the \w+)? ?off\b|\bmute\b|"
            r"\bmake it pass\b",
        ),
    )
)
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
            r"patients?|pupils?)\b|\b(?:a|the) (?:husband|wife|spouse|colleague|neighbou?r|friend|partner|relative)\b",
        ),
        (
            "sell price",
            r"\b(?:bring|fetch|raise|worth|go for)\b[^.;]{0,20}\b(?:auction|market|today|sale|money|euros?|dollars?)\b",
        ),
    )
)


@lru_cache(maxsize=4096)
def phrased_deeds(low: str) -> frozenset[str]:
    """Kinds of deed a lower-case sentence speaks of by a phrase."""
    return frozenset().union(*(names for names, pattern in DEED_PHRASES if pattern.search(low)))


@lru_cache(maxsize=4096)
def phrased_things(low: str) -> frozenset[str]:
    """Things a lower-case sentence describes without naming them, as words."""
    return frozenset(n for names, pattern in THING_PHRASES if pattern.search(low) for n in names)
