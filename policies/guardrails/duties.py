"""Duties and how a new sentence undoes them: `quote word for word` against `shorten it in your own words`.

Each row: what the duty says, what undoes it, and whether the sentence must also speak of the duty's matter.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from policies.guardrails.frames import Frame
from policies.guardrails.pretexts import careful

ROWS = tuple(
    (re.compile(duty), re.compile(undone), linked)
    for duty, undone, linked in (
        (
            r"\b(?:word for word|verbatim|exact wording|exact words|literal(?:ly)?|unchanged|as (?:written|printed|"
            r"stated|"
            r"spoken)|wörtlich)\b",
            r"\b(?:(?:your|their|his|her) own words|paraphrase|shorten|condense|smooth|polish|tidy|summari[sz]e|reword|"
            r"rephrase|simplify|abridge|trim|correct (?:the |any |small )?(?:spelling|grammar|mistakes|typos)|"
            r"clean(?: it| "
            r"them)? up|improve the wording|eigenen worten)\b",
            False,
        ),
        (
            r"\b(?:both|two|second|double|four[- ]eyes|another|each of|adult|parent|guardian|companion|accompan\w+)\b",
            r"\b(?:one (?:\w+ ){0,3}(?:is|are|will do|suffices|enough)|single \w+ (?:is|suffices|will do|can|may)|"
            r"alone|"
            r"by (?:him|her|it|them|your)sel(?:f|ves)|(?:your|its) own (?:check|review|look|reading|judge?ment)|"
            r"unaccompanied|without (?:a|the) second|either (?:one|of)|had (?:its|their|his|her) "
            r"chance|on (?:its|their|your|his|her) own)\b",
            False,
        ),
        (
            r"\b(?:confirm\w*|approv\w*|consent\w*|permission|(?:a |the |user's |customer's )yes|agree\w*|wait for|"
            r"ask)\b",
            r"\b(?:(?:reserve|book|send|pay|order|cancel|delete|save|submit|publish|post|apply|start|move|change|"
            r"sign)\b"
            r"[^.;]{0,50}\b(?:and (?:then )?(?:tell|inform|notify|let|ask)\b[^.;]{0,40}\b(?:afterwards?|later|know|"
            r"then)|"
            r"(?:straight|right) away|on the spot|directly|immediately|by itself|automatically|first and)|"
            r"(?:afterwards?|later) is (?:fine|enough|ok)|(?:tell|inform|notify|ask) (?:them|him|her|the \w+) "
            r"(?:afterwards?|"
            r"later)|a (?:nod|thumbs up|phone call|text|verbal \w+|short \w+|quick \w+)\b[^.;]{0,20}\b(?:is|will|"
            r"suffices|does)|"
            r"(?:assumed?|presumed?|taken) (?:to have|to be|that|as|for)|implied|tacit\w*|without (?:asking|waiting|"
            r"a yes))\b",
            True,
        ),
        (
            r"\b(?:verif\w+|identif\w+|identity|proof|authenticat\w+|check|certificate|training|licen[cs]e|"
            r"qualified)\b",
            r"\b(?:believed?|trusted?|take (?:his|her|their) word|vouch\w*|assumed to be|are up to date|known (?:to|"
            r"by) "
            r"(?:us|you|the)|recogni[sz]ed? by|familiar (?:voice|face)|gut feeling|sounds? (?:genuine|familiar|right|"
            r"like)|"
            r"good enough|face value)\b",
            False,
        ),
        (
            r"\b(?:refer|escalat\w+|forward|hand (?:over|the|it|them)|transfer|pass (?:on|to|it|them)|must (?:reach|"
            r"go to)|route|"
            r"report\w*|notify|alert|inform)\b",
            r"\b(?:(?:handle|answer|resolve|settle|solve|decide|deal with|treat|close|"
            r"process)\b[^.;]{0,30}\b(?:yourself|"
            r"directly|on (?:your|the) (?:own|spot)|alone|here|in the chat|without)|(?:can|may|could) (?:wait|be "
            r"(?:handled|"
            r"answered|resolved|settled|solved|closed|dealt with|left))|next (?:day|morning|week|working day|daily)|"
            r"with the (?:next|daily|weekly)|end of (?:the )?(?:day|week|shift)|once a (?:day|week)|(?:booked|closed|"
            r"processed|handled) with a (?:note|remark|comment))\b",
            True,
        ),
        (
            r"\b(?:first(?! name)|at the (?:start|top|beginning)|immediately|at once|straight away)\b",
            r"\b(?:at the end|at the bottom|afterwards?|later|last|in a footnote|only (?:if|when) asked|on request|"
            r"in the end|at some point|in due course)\b",
            True,
        ),
        (
            r"\b(?:source|cite|citation|reference|evidence|quote)\w*\b",
            r"\b(?:without (?:a |any |the )?(?:source|citation|reference)s?|from memory|common knowledge|no (?:source|"
            r"citation|reference)s? (?:is|are) needed|leave (?:out )?(?:the )?(?:source|citation|reference)s?)\b",
            False,
        ),
        (
            r"\b(?:data|content|material|evidence|untrusted|not (?:as )?(?:an )?instructions?|not follow|never follow|"
            r"not (?:be )?obey\w*|nothing more|input)\b",
            r"\b(?:(?:do|follow|obey|honou?r|grant|carry out|respect|comply with|go along with|act on) (?:what|"
            r"whatever|it|"
            r"them|that|the (?:wish|request|order|command|instruction)s?)\b(?! of the (?:officer|manager))[^.;]{0,40}|"
            r"(?:what|whatever) (?:the|it|they|he|she) \w+ (?:asks?|says?|wants?|orders?|requests?))",
            False,
        ),
        (
            r"\b(?:replac\w+|mask\w*|redact\w*|remove|anonymi[sz]\w*|leave out|left out|strip|blur\w*|blank\w*|omit)\b",
            r"\b(?:keep|kept|leave|left|show|include|visible|readable|unmasked|in full|full|handy to see|helpful to "
            r"see|stay|"
            r"stays|remain|remains|see)\b",
            True,
        ),
        (
            r"\b(?:stat\w+|mention\w*|list\w*|nam\w+|show\w*|point\w* out|warn\w*|disclos\w+|cit\w+|include\w*)\b",
            r"\b(?:needs? no mention|not worth mentioning|no need to mention|gloss over|pass over|play down|goes? "
            r"without saying|"
            r"need not be (?:mentioned|stated|listed|shown|named)|hush up)\b",
            False,
        ),
    )
)


@lru_cache(maxsize=4096)
def _losses(low: str) -> frozenset[int]:
    return frozenset(row for row, (_, loss, _) in enumerate(ROWS) if loss.search(low))


@lru_cache(maxsize=4096)
def _demands(low: str) -> frozenset[int]:
    return frozenset(row for row, (duty, _, _) in enumerate(ROWS) if duty.search(low))


def undoes(old: Frame, new: Frame, linked: Callable[[], bool]) -> bool:
    """Does the sentence undo the duty? linked: does it speak of the duty's matter?"""
    if old.prohibits or new.prohibits or careful(new.low):
        return False
    rows = (_demands(old.low) & _losses(new.low)) - _losses(old.low)
    return bool(rows) and (linked() or not all(ROWS[row][2] for row in rows))
