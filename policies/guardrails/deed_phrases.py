"""Deeds done by a phrase rather than by one word: `have the caller read out`."""

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
            r"\b(?:have|let|get|make|invite|ask|tell|encourage) (?:the |your |a |an |every |each )?[a-z]+ (?:to "
            r")?(?:read|give|tell|say|type|enter|"
            r"spell|"
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
        ("judge blame", r"\bwhose (?:mistake|fault|error|doing)\b|\bwho (?:caused|is behind|was behind)\b"),
        ("disclose", r"\bhints? (?:about|at|of)\b"),
        (
            "impersonate",
            r"\b(?:answer|reply|respond|speak|write|talk|act|chat|sign) (?:\w+ ){0,2}as (?:if|though|the|an?|her|his|"
            r"their|"
            r"someone)\b|\bas (?:[\w']+ ){1,4}would\b|\bin (?:the|his|her|their) (?:voice|role|person) of\b|"
            r"\b(?:play|take on|slip into|step into) (?:the |his |her |their )?(?:part|role|shoes|voice)\b",
        ),
        (
            "disclose",
            r"\b(?:bekommt|erhält|bekommen|erhalten)\b|\bwork (?:it|them|these|those) in(?:to)?\b|"
            r"\b(?:walk|talk|take|lead|guide) (?:them|him|her|the \w+|" + PERSON + r") through\b",
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
            r"\bhow much\b[^.;]*\b(?:bring|fetch|worth|go for|cost|sell|raise)\b|\bwhat\b[^.;]*\b(?:worth|fetch\w*|"
            r"sold for|went for|cost)\b",
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
            "disclose",
            r"\b(?:note|record|write|say|state|list|add|include|mention|put|explain|tell \w+|show) (?:down )?(?:who|"
            r"what|which|"
            r"whose|where|why)\b|\b(?:let|lets) (?:\w+ ){1,3}(?:know|see|have|hear|read)\b|\b(?:gets?|receives?|"
            r"hears?|learns?|is told|are told|"
            r"is shown|are shown|sees?) (?:also |then )?(?:an? |the |all |who|what|which|when|where|how|why|short|"
            r"full)|"
            r"\b(?:point|give|pass|hand|spell|lay|call|single) (?:\w+ ){0,3}(?:out|away|over|on|along)\b|\bby "
            r"(?:first |full |"
            r"their |his |her )?name\b|\b(?:clear|plain|obvious|easy) to see (?:who|what|which|where|when|how)\b|"
            r"\bto see "
            r"(?:where|who|what|which|when|how)\b|\bwith (?:the|their|his|her) (?:full )?(?:name|address|number)s?\b",
        ),
        (
            "collect",
            r"\b(?:find out|establish|learn|clarify|work out|get to know|check) (?:whether|if|what|who|which|how|"
            r"when|where)\b|"
            r"\b(?:note|take|write|jot|put) (?:down )?(?:the|their|his|her|your|its) (?!summary|answer|reply|letter)|"
            r"\bask (?:\w+ ){0,3}(?:whether|if|what|which|how|about|for)\b|\bget (?:the|their|his|her)\b",
        ),
        (
            "foretell promise",
            r"\b(?:will|'ll) (?:\w+ )?(?:be (?:there|fine|ready|accepted|approved|granted|paid|refunded|safe|"
            r"delivered|done|"
            r"all right|ok|okay|back|healed|cured|over)|get|receive|have|win|pass|work out|cost|happen|succeed|heal|"
            r"recover|"
            r"arrive|qualify|improve|come|go well|soon \w+|be (?:on|up|out|home|again|restored|open|available|"
            r"running|free|better)|"
            r"not (?:cost|be|have|hurt|lose|pay))\b|\bcosts? nothing\b|"
            r"\b(?:nothing|no need|no reason) to (?:fear|worry)\b|\b(?:count on|rest assured|in good hands|safe bet|"
            r"for sure|"
            r"safe to say|a given|in the bag|no doubt|without doubt|without fail)\b|"
            r"\b(?:loan|money|place|job|refund|seat|visa|prize|deal|compensation) (?:they|he|she|you) will\b|"
            r"\bcongratulate\b|\blook forward to\b|\bcoming soon\b|\broad ?map\b|\bwithin (?:an?|\d+|one|two|three|a "
            r"few) (?:hours?|days?|"
            r"minutes?|weeks?)\b|\bby (?:tomorrow|monday|friday|noon|tonight)\b",
        ),
        (
            "judge",
            r"\b(?:stronger|better|weaker|more convincing) (?:case|claim|side|argument|position|story|candidate)\b|"
            r"\b(?:the|which|whose) side\b|\bin favou?r of\b|\bwho (?:is|was) (?:to blame|right|wrong|at fault|"
            r"responsible|"
            r"lying|guilty)\b|\bto blame\b|\b(?:should|ought to|deserves? to|is likely to) (?:win|lose|pay|be hired|"
            r"be fined|"
            r"pass|be (?:approved|rejected|accepted|dismissed))\b|\"[^\"]{2,40}\" or \"(?:not|no|un|in)[^\"]{0,40}\"|"
            r"\b(?:is|are|was|were) (?:clearly |obviously |probably )?(?:guilty|innocent|eligible|qualified|"
            r"unsuitable|suitable|"
            r"fit|unfit|liable|responsible|patentable|legal|illegal|genuine|fake|in the (?:right|wrong))\b|"
            r"\b(?:state|say|give|add|share|offer|close with|end with|finish with) (?:\w+ ){0,2}(?:verdict|opinion|"
            r"view|judge?ment|"
            r"assessment|conclusion|ruling|recommendation|ranking|rating)\b|\bcan (?:give|donate|fly|drive|work|"
            r"return|go home|"
            r"eat|take part|travel|play|train)\b|\bpass or fail\b",
        ),
        (
            "compare",
            r"\b(?:rank|ranks|stand|stands|do|does|did|perform|performs|scored?|fares?) (?:\w+ ){0,2}(?:against|"
            r"compared|among|"
            r"next to|in comparison|relative)\b|\b(?:better|worse|faster|slower|ahead|more|less|higher|lower|longer|"
            r"shorter) "
            r"(?:than|of) (?:the )?(?:others?|rest|average|most|members?|people|classmates|colleagues|neighbou?rs?|"
            r"peers)\b|"
            r"\btop (?:ten|five|three|\d+)\b|\bleader ?board\b|\bthe average\b",
        ),
        (
            "advise",
            r"\b(?:may|can|could|might|will|often|usually|also) (?:\w+ )?(?:help|be recommended|do the trick|bring "
            r"relief|work|"
            r"ease|soothe|be useful|do wonders)\b|\bfinds? (?:\w+ ){1,4}(?:useful|helpful|soothing|effective)\b|"
            r"\b(?:which|whose|what) (?:\w+ )?(?:to (?:buy|use|take|choose|call|hire|go to)|the others use|is best|"
            r"works best|"
            r"you would (?:use|choose|take))\b|\b(?:good|popular|favou?rite|trusted) (?:choice|address|brand|broker|"
            r"lawyer|"
            r"notary|doctor|bank|shop|one)\b|\btell (?:them|him|her|the \w+) to (?:take|buy|use|stop|skip|double|"
            r"halve|try|sue|"
            r"sell|invest|sign)\b",
        ),
        (
            "invent",
            r"\b(?:pick|choose|take|use|put|enter|supply|add|give|insert) (?:\w+ ){0,3}(?:that (?:sounds|seems|fits|"
            r"looks)|"
            r"plausible|likely|fitting|suitable|realistic|sensible|typical|probable|average|believable|credible|"
            r"matching)\b|"
            r"\bwork (?:it|them|out|\w+ \w+ out)\b|\b(?:rough|ballpark) (?:range|figure|number|idea|estimate|price)\b|"
            r"\b(?:make|made|dream|think) (?:\w+ ){0,3}up\b|\bcreative\b|\bimagin\w+\b",
        ),
        (
            "foretell promise",
            r"\b(?:sera|seront|será|estará|wird|werden) (?:\w+ ){0,3}(?:prêt|livré|remboursé|list[oa]|fertig|"
            r"repariert|geliefert|"
            r"bezahlt|erstattet|genehmigt)\w*|\b(?:rassurez|tranquilice|asegure)\b",
        ),
        (
            "promise",
            r"\b(?:reassure|assure|guarantee|promise|convince|persuade)\b[^.;]{0,40}\bthat\b",
        ),
        (
            "advise",
            r"\b(?:had better|best next step|what (?:they|he|she|the \w+) (?:should|ought to|must|can) do|what to do|"
            r"steps? (?:the \w+|they|"
            r"he|she) (?:should|ought|must|can|had))\b",
        ),
        (
            "judge",
            r"\b(?:has|have|had) no (?:effect|merit|chance|case|legal force)\b|\b(?:is|are) (?:void|invalid|valid|"
            r"ineffective|"
            r"unenforceable|safe|harmless|unlawful|lawful|justified|unjustified)\b|\bcan be (?:drunk|eaten|used|"
            r"trusted|consumed|"
            r"ignored|drunken)\b|\bdoes not count\b",
        ),
        (
            "soften",
            r"\b(?:friendlier|milder|gentler|softer|less (?:harsh|scary|strict|alarming|frightening|severe)|tone "
            r"(?:\w+ )?down|"
            r"play (?:\w+ )?down|soften\w*|water (?:\w+ )?down|sugar-?coat)\b",
        ),
        (
            "choose",
            r"\b(?:take|pick|choose|use|prefer|go with|settle on|opt for) (?:the (?:one|more|most|likel\w+|better|"
            r"best|first|second|"
            r"reading|version|meaning)|whichever|one of)\b",
        ),
        (
            "alter",
            r"\b(?:better|other|another|new|different|smoother|improved|livelier) (?:wording|version|phrasing|line|"
            r"sentence|word)\b|"
            r"\b(?:reword|rephrase|polish|improve|smooth)\b|\b(?:take|use|give|send|order|pick|offer|hand out) "
            r"(?:the|an?|another|some) (?:\w+ )?(?:equivalent|"
            r"alternative|substitute|"
            r"replacement|generic|similar \w+|next best)\b",
        ),
        (
            "omit",
            r"\b(?:drop|skip|merge|cut|shorten|condense|leave out|omit|trim|summari[sz]e|pass over|do without) (?:or "
            r"\w+ )?(?:the|a|"
            r"any|some|one|it|them|every|second|repeated|long|boring|minor|small|less)\b",
        ),
        (
            "hide",
            r"\bneed not (?:appear|be (?:mentioned|listed|declared|named|known))|\bleave (?:\w+ ){0,4}(?:off|out)\b|"
            r"\b(?:do|does) not (?:need|have) to (?:appear|be (?:mentioned|listed|declared|named))|\bnobody (?:needs|"
            r"has) to "
            r"know\b|\b(?:between (?:us|the two)|our little|not to tell|without telling|don't tell|keep quiet|stay "
            r"silent)\b",
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


@lru_cache(maxsize=4096)
def phrased_deeds(low: str) -> frozenset[str]:
    """Kinds of deed a lower-case sentence speaks of by a phrase."""
    return frozenset().union(*(names for names, pattern in DEED_PHRASES if pattern.search(low)))
