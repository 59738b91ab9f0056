"""How a new sentence opens a door: a permission, a carve-out, a benefit, a trusted claim, a gap to be filled, a "
"release.

Each sign is a class of English (and some German) expressions over lower-case text, whatever the sentence is about.
"""

import re
from functools import lru_cache

from policies.guardrails.frames import Frame
from policies.guardrails.word_lists import word_set

PEOPLE = (
    r"(?:people|customers?|clients?|guests?|readers?|users?|members?|visitors?|owners?|parents?|famil(?:y|ies)|"
    r"relatives|callers?|applicants?|patients?|passengers?|students?|pupils?|children|kids|buyers?|tenants?|players?|"
    r"listeners?|viewers?|staff|managers?|mediators?|drivers?|teachers?|officers?|colleagues?|neighbou?rs?|donors?|"
    r"travell?ers?|shoppers?|residents?|sellers?|teams?|everyone|everybody|most|many|they|we|someone|somebody|"
    r"subscribers?|learners?|fans?|riders?|employees?|workers?|authors?|editors?|reviewers?|engineers?|developers?)"
)
TRUSTED = (
    r"(?:regular|regulars|known|trusted|returning|senior|experienced|loyal|vip|premium|long[- ]standing|well[- ]known|"
    r"registered|verified|familiar|professional|adult|gold|silver|platinum|frequent|existing|reliable|"
    r"reputable|partners?|insiders?|veterans?|stammkunden|langjährige\w*)"
)
MINOR = (
    r"(?:small|smaller|simple|minor|routine|short|trivial|tiny|little|low|obvious|clear|clear-cut|harmless|easy|urgent|"
    r"straightforward|standard|everyday|ordinary|common|light|mild|brief|quick|cheap|modest|usual|rare|exceptional|"
    r"busy|hectic|special|unproblematic|uncontroversial|einfache[nrsm]?|kleine[nrsm]?|eilige[nrsm]?|dringende[nrsm]?|"
    r"klare[nrsm]?|offensichtliche[nrsm]?)"
)
NOT_LAYOUT = (
    r"(?!(?:\w+ )?(?:sentences?|words?|paragraphs?|lines?|answers?|greetings?|summar(?:y|ies)|sections?|notes?|"
    r"bullets?|points?|"
    r"lists?|tables?|terms?|language|english|tone|steps?|form|format|order|text|style|headings?|sätzen?|worten?|"
    r"wörtern?|details?|tips?|facts?|remarks?|observations?|touch|hints?)\b)"
)
SIGNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in (
        (
            "permission",
            r"^\W*(?:an? |the )?(?:\w+ ){1,3}(?:who|that|which|whose) (?:[\w'-]+ ){2,9}(?:may|can|could)\b(?! (?:not|"
            r"never|only)\b)|"
            r"\b(?:is|are|it's|be) (?:also |perfectly |quite |just |always )?(?:fine|ok|okay|allowed|permitted|"
            r"acceptable|welcome|free|alright|all right|in order|legitimate|no problem)\b|"
            r"\b(?:feel free|go ahead|gladly|happily|no harm|nothing wrong|can't hurt|won't hurt|"
            r"does no harm|entitled|no objection)\b",
        ),
        (
            "carve-out",
            rf"^\W*{MINOR} {NOT_LAYOUT}\w+|"
            rf"\b(?:for|in|with|on|at|bei|für|in) (?:\w+ )?{MINOR} {NOT_LAYOUT}(?:\w+ )?{NOT_LAYOUT}\w+|\b(?:for|"
            rf"from|of|with|to|"
            rf"für) (?:\w+ )?"
            rf"{TRUSTED}\b|\bwith (?:more than|over|at least) (?:\w+ )?(?:years?|months?)\b|"
            rf"\b{TRUSTED} (?:\w+ )?(?:{PEOPLE}|\w{{3,}}s|kunden?)\b|\b(?:who|that) (?:have |has "
            rf")?(?:already )?(?:answered|written|called|been|done|passed|signed|confirmed|registered|proved|shown|"
            rf"paid)\b|"
            r"\b(?:under|below|up to|less than|fewer than|shorter than|unter|bis) (?:\w+ )?(?:\d|one|two|three|a|an|"
            r"half|ten|"
            r"five)\b|"
            r"\b(?:at|during|on|over|am|an) (?:the )?(?:weekends?|night|nights|peak|lunch|rush|holidays?|sundays?|"
            r"weekdays|wochenende|feiertagen?)\b|\bin (?:a|an) (?:hurry|emergency|pinch|rush|dringenden)\b|"
            r"\b(?:now and then|once in a while|every so often|from time to time|as a treat|exceptionally|as an "
            r"exception|"
            r"just this once|for once|ausnahmsweise)\b|\b(?:late|short of time|under pressure|pressed for time|in "
            r"doubt|"
            r"tight|running out|close to the deadline|behind schedule|short-staffed|overloaded|eilig)\b",
        ),
        (
            "benefit",
            r"^\W*[a-z]+(?: [a-z]+)?s (?:often |usually |always )?(?:like|love|want|enjoy|prefer|appreciate|expect|"
            r"adore) |"
            rf"\b{PEOPLE} (?:(?:who|on|with|in|from|under|new|at) (?:\w+ ){{1,3}})?(?:often |usually |always |"
            rf"generally |really |mostly |tend to |also |"
            r"new to \w+ )?(?:gets? (?:an? |the |all )|likes?|loves?|enjoys?|appreciates?|wants?|wish(?:es)?|prefers?|"
            r"expects?|finds? (?:it )?(?:\w+ )?(?:handy|useful|helpful|reassuring|interesting|comforting)|"
            r"ask (?:what|how|why|who|where|when|which|whether|for)|"
            r"are (?:curious|interested|keen|eager|grateful|happy|glad)|(?:is|are) (?:often )?(?:happier|calmer)|"
            r"deserves?|"
            r"has a right|have a right|worry|worries|hates?|should know|needs? to know)\b|"
            r"\b(?:it is|it's|is|are) (?:very |quite |often |only |more |most |usually )?(?:helpful|useful|handy|"
            r"nice|kind|"
            r"best|reassuring|"
            r"friendlier|quicker|faster|easier|fair|polite|interesting|convincing|comforting|welcome)\b|"
            r"\b(?:to (?:save|keep|speed|build|please|win|sell|boost|reassure|comfort|cheer|calm|help|encourage|"
            r"shorten|"
            r"relieve|reduce|make (?:it|them|the|things|a)|create|gain|attract|motivate|convince|impress))\b|"
            rf"\b(?:helps|reminds|reassures|calms|spares|guides|motivates) (?:the |your |our )?{PEOPLE}\b|\bspeeds? "
            rf"(?:\w+ )?up\b|"
            r"\b(?:helps?|makes?|keeps?|builds?|saves?|gives?|creates?|adds?|boosts?|speeds?|calms?|reassures?|"
            r"comforts?|"
            r"sells?|earns?|spares?|works? (?:well|best)|goes down well)\b[^.;]{0,40}"
            r"\b(?:trust|time|moving|covered|staffed|running|going|happy|customers?|clients?|readers?|guests?|"
            r"listeners?|"
            r"plan|planning|sales?|tension|colou?r|lively|livelier|exciting|vivid|convincing|confidence|mood|waiting|"
            r"queue|effort|personal|realistic|clicks|attention|fun)\b|\bso that (?!(?:the )?user can (?:copy|note))|"
            r"^\W*(?:to|in order to) [a-z]+ [^,.;]{2,50},|\bmotivat\w+|\bcharm\b|"
            r"\bfor (?:a |an )?(?:\w+ )?(?:livelier|faster|quicker|better|smoother|richer|fuller|warmer|fast|good|"
            r"vivid|convincing|transparency|clarity|convenience|debugging|training|statistics|research|speed|fun|a "
            r"laugh|"
            r"reassurance|comfort|peace of mind|the sake|marketing|context|completeness)\b|\bdamit\b|\bum \w+ zu\b",
        ),
        (
            "trust",
            r"\b(?:can|may|should|are|is|be) (?:\w+ )?(?:be )?(?:believed|trusted|relied on|taken (?:as|at|for|on)|"
            r"assumed|"
            r"presumed|deemed|treated as (?:safe|valid|verified|approved|confirmed|given|true|consent|a yes)|"
            r"considered (?:safe|verified|valid|approved|confirmed|given))\b|"
            r"\b(?:counts?|serves?|passes|stands|goes|will do|works?) as (?:an? |the |enough |sufficient )?"
            r"(?:proof|consent|approval|confirmation|verification|permission|yes|signature|identification|id|evidence|"
            r"agreement|check|valid)\b|\btake (?:him|her|them|people|the \w+|his|her|their) (?:at )?(?:(?:his|her|"
            r"their|the \w+'s) )?word\b|"
            r"\b(?:take|believe|trust|accept|rely on)\b[^.;]{0,30}\b(?:claims?|says?|at face "
            r"value|statement|assurance)\b|\bbenefit of the doubt\b|\bgood faith\b|\b(?:is|are) (?:proof|enough|"
            r"sufficient|evidence) \b|\bas good as\b|\btake it (?:that|as)\b|\b(?:assume|presume|suppose)\b|\bhad "
            r"(?:its|"
            r"their|his|her) chance\b|\b(?:silence|no (?:answer|reply|objection)|not (?:answer|reply|"
            r"object)\w*)\b[^.;]{0,40}"
            r"\b(?:yes|consent|agree\w*|approv\w*|means?|counts?)\b|\bgilt als\b|\bals bestätigt\b",
        ),
        (
            "gap",
            r"\b(?:where|if|when|whenever|should|falls|wenn|wo)\b[^.;]{0,60}\b(?:has no|have no|had no|lacks?|gives? "
            r"no\w*|"
            r"says? (?:nothing|no)|"
            r"is silent|are silent|is missing|are missing|is blank|is empty|are empty|nothing|no \w+ yet|leaves? out|"
            r"leaves? open|is unclear|does not (?:say|name|give|list|mention|contain|cover|state|include)|"
            r"doesn't (?:say|name|give|list|mention|contain|cover|state|include)|do not (?:say|give|cover|contain)|"
            r"not (?:listed|stated|given|there|known|covered|available|mentioned|in the)|without (?:an? |any )?\w+|"
            r"shows? no\w*|holds? no\w*|contains? no\w*|names? no\w*|lists? no\w*|offers? no\w*|unknown|absent|fehlt|"
            r"fehlen|"
            r"nichts)\b|\bmissing \w+",
        ),
        (
            "approximation",
            r"\b(?:rough|roughly|ballpark|about right|sounds? (?:more |most |quite |about )?(?:right|plausible|"
            r"natural|likely|better)|plausible|probable|"
            r"probably|likely|estimate[ds]?|approximat\w+|educated|guess\w*|make (?:up|one up)|invent\w*|work out|"
            r"round figure|typical|average|usually|as a rule|experience|common sense|best bet|fitting|suitable|"
            r"reasonable|sensible|realistic|imagin\w+|yourself|from memory|general knowledge|what you know|schätz\w*|"
            r"ungefähr\w*|wahrscheinlich\w*)\b",
        ),
        (
            "release",
            r"\b(?:need not|needn't|needs? no|no need|(?:is|are) (?:quite |always |usually )?(?:good )?(?:enough|"
            r"sufficient)|"
            r"will do|suffices?|(?:do|does)(?: not|n't) (?:need|have|require)|(?<!that are )(?<!that is )(?<!which "
            r"are )(?:not|n't|never) (?:required|"
            r"necessary|needed|expected|be bothered)|unnecessary|optional|can wait|wait until|afterwards?|later(?: "
            r"on)?(?=\s*[.,;!]|$)|straight "
            r"away|right away|on the spot|directly|"
            r"straight (?:to|from|out)|without (?:asking|checking|confirm\w+|verif\w+|approval|consent|waiting|further|"
            r"a |any |the |being )|skip\w*(?! (?:empty|blank))|omit\w*(?! (?:empty|blank))|leave (?:out|off|it|them)|"
            r"left out|dispense with|do without|"
            r"instead of|no questions asked|waive\w*|forgo|pass over|spare|exempt\w*|excused|let (?:it|this|that) "
            r"(?:go|"
            r"pass|slide)|(?:goes?|gets?|pass(?:es)?|sails?|waved?) (?:\w+ ){0,2}through(?! (?:the|a|an|each|every|"
            r"all|these|"
            r"this|with|your)\b)|bypass\w*(?! (?:empty|blank))|afterward|by itself|by yourself|yourself|on (?:your|"
            r"its) own|at (?:your|their) "
            r"discretion|as you see fit|if you like|(?:nicht|kein\w*) (?:nötig|notwendig|erforderlich|prüfung|"
            r"rückfrage)|ohne (?:rückfrage|prüfung|zustimmung|genehmigung|bestätigung)|direkt|sofort)\b",
        ),
        (
            "assurance",
            r"\b(?:reassure|assure|congratulate|comfort|calm|console|cheer|encourage|convince|persuade|promise|"
            r"guarantee|"
            r"confirm to|tell) (?:them|him|her|the \w+|people|"
            + PEOPLE
            + r")\b(?! (?:how|where|what|why|who|which|when|to)\b)|"
            r"\bconfirm that\b|\b(?:beruhige|versichere|bestätige|zusagen|zusichern)\b",
        ),
    )
}
CAREFUL = re.compile(
    r"(?:^|[,;:] |\b(?:then|please|and|or) )\W*ask (?:for|the|them|him|her|which|whether|what|when|how|again|if|back|"
    r"about|one|"
    r"first)\b|"
    r"\b(?:say so|say that you (?:do not|don't|cannot)|(?:do not|don't) know|leave (?:it|the \w+|them) (?:blank|"
    r"empty|open)|null|\"\"|empty (?:string|"
    r"list|array)|placeholder|"
    r"unknown|never|do not|don't|must not|may not|cannot|can't|not|no one|nobody|refuse|decline|refer|escalate|"
    r"forward|hand over|transfer|report|warn|verify|check with|apologi[sz]e|point (?:them |him |her |the \w+ )?to|"
    r"suggest (?:calling|contacting|speaking|asking|seeing|a call)|contact|consult|instead|without (?:naming|giving|"
    r"revealing|mentioning|judging|taking|saying)|rather than|only (?:if|when|after|once|what|from|the|those)|own|"
    r"(?:decided|handled|checked|made|answered|reviewed|done|set|given|granted) by|masked|redacted|anonym\w+|"
    r"politely|nicht|kein\w*|niemals|nie)\b"
)
"""Ways in which a sentence stays on the safe side."""


ASIDE = re.compile(r'"[^"]*"|\bso that\b[^,;.]*')
"""What is quoted, and what a sentence hopes for, is not what it does."""
MODALS = word_set("may can could might darf darfst dürfen kann kannst können gern gerne erlaubt zulässig")


@lru_cache(maxsize=4096)
def pretexts(new: Frame) -> frozenset[str]:
    """Names of the signs that a sentence opens a door."""
    signs = {name for name, pattern in SIGNS.items() if pattern.search(new.low)}
    if new.weak & MODALS:
        signs.add("permission")
    return frozenset(signs)


def careful(low: str) -> bool:
    """Does the sentence stay on the safe side: refuses, asks, refers, leaves blank?"""
    return CAREFUL.search(ASIDE.sub(" ", low)) is not None
