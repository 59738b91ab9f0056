"""Words that put other words out of force: `retired`, `no longer applies`, `the 2019 leaflet`."""

import re
from functools import lru_cache

from policies.guardrails.word_lists import word_set

RULE_WORD = (
    r"(?:rules?|clauses?|sections?|instructions?|guidance|guidelines?|polic(?:y|ies)|"
    r"versions?|prompts?|wording|texts?|editions?|drafts?|practice|notices?|leaflets?|"
    r"posters?|manuals?|handbooks?|standards?|regulations?|requirements?|sentences?|lines?|"
    r"notes?)"
)
GONE = (
    r"(?:retired|deprecated|obsolete|superseded|withdrawn|archived|outdated|discontinued|abolished|"
    r"repealed|rescinded|revoked|lifted|cancelled|dropped|abandoned|removed|suspended|replaced|"
    r"void|expired|inactive|disabled|out of date)"
)
RETIRED = re.compile(
    rf"\b{GONE} {RULE_WORD}\b|\b(?:{RULE_WORD}|this|that|it|these|those|they|"
    rf"which)\b[^.;\n]{{0,30}}\b(?:is|was|are|were|been|got|as)\b[^.;\n]{{0,15}}\b{GONE}\b"
    rf"|\b(?:{RULE_WORD}|this|that|it|these|those|they|which)\b[^.;\n]{{0,25}}\bno longer\b|"
    rf"\bno longer (?:applies|apply|valid|in force|how we|our|used|needed|required|binding|part)"
    rf"|\b(?:old|former|previous|earlier|prior|past|legacy|outgoing) (?:[\w'-]+ ){{0,3}}{RULE_WORD}\b|"
    rf"\bprevious (?:[\w'-]+ ){{0,2}}(?:read|said|wrote)\b|\bpreviously said\b|\bused to (?:say|read|"
    rf"be|state|require|apply)\b"
    r"|\bnot (?:currently |any ?more )?in force\b|\bfor (?:reference|history|historical) (?:only|"
    r"purposes)\b|\b(?:used|applied|valid|said|stated|read|applicable) (?:until|before|in) (?:19|"
    r"20)\d\d"
    r"|\b(?:19|20)\d\d (?:leaflet|version|edition|policy|handbook|rules?|guide(?:lines?)?|manual|"
    r"prompt)|\bnot to (?:follow|be followed)\b|\bdo not (?:follow|apply) (?:this|these|"
    r"them) any ?more\b|\bnot apply any ?more\b"
    r"|\((?:retired|deprecated|obsolete|old|superseded|void|suspended|inactive|withdrawn|on hold|disabled|no "
    r"longer)\b[^()]{0,30}\)"
    r"|^\W*(?:retired|deprecated|obsolete|void|suspended|disabled|inactive|withdrawn)\s*[:–-]|\bcrossed out\b|"
    r"\bexamples? of (?:what|how|rules?|instructions?)[^.\n]{0,15} not\b|"
    r"\bignore the following\b|\bthe following (?:is|are) (?:not|void|outdated)|\b(?:bad|wrong|"
    r"negative|poor) examples?\b"
    r"|\b(?:competitors?|rivals?|others?|other (?:bots|assistants|companies|teams)|another (?:bot|"
    r"assistant|company|team))(?:'s)? (?:[\w-]+ ){0,3}(?:says?|said|tells?|writes?|wrote|prompts?|"
    r"polic(?:y|ies)|rules?|handbook)\b"
    r"|\b(?:außer kraft|nicht mehr|veraltet|früher(?:e[rsn]?)? (?:regel|fassung|version)|ehemals|"
    r"aufgehoben)\b|n'est plus|obsolète|ya no |obsoleto|廃止|無効|以前の",
    re.IGNORECASE,
)
RETIRED_STEMS = (
    *word_set(
        """
        retire deprecat obsolete supersed withdrawn archiv outdated discontinu abolish repeal rescind revok
        lifted cancel dropped abandon removed suspend replaced void expired inactive disabled old former
        previous earlier prior past legacy outgoing used histor valid applicable said stated read applied 19
        20 anymore crossed example following reference competitor rival außer veraltet früher ehemals
        aufgehoben n'est obsol 廃止 無効 以前
        """
    ),
    *(
        "on hold",
        "others",
        "other bot",
        "other assistant",
        "other compan",
        "other team",
        "out of date",
        "no longer",
        "in force",
        "not to",
        "any more",
        "nicht mehr",
        "ya no",
    ),
)
"""Without one of these no expression of `RETIRED` can match; looking for them is far cheaper."""


@lru_cache(maxsize=8192)
def looks_retired(text: str) -> bool:
    """Does a sentence or heading say of a text that it is out of force?"""
    low = text.lower()
    return any(stem in low for stem in RETIRED_STEMS) and RETIRED.search(text) is not None


@lru_cache(maxsize=1024)
def retired_heading(heading: str) -> bool:
    """Does a heading put what follows out of force?"""
    return looks_retired(heading) or RETIRED_HEADING.search(heading) is not None


RETIRED_HEADING = re.compile(
    (
        r"\b(?:retired|deprecated|obsolete|superseded|withdrawn|archived?|outdated|old|former|"
        r"previous|discontinued|abolished|not in use|out of use|not used|unused|do not (?:use|apply|"
        r"follow)|rejected|dropped|"
        r"abandoned|stopped|for reference|background only|legacy|what not to|things? not to|"
        r"anti-?patterns?|bad examples?|counter-?examples?|ignore this|inactive|disabled|void|history|"
        r"historical|parking lot|drafts?|ideas)\b"
    ),
    re.IGNORECASE,
)
