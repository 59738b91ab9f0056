"""Attacks on instructions as patterns of verb and target, one per kind."""

TARGET = (
    r"(?:(?:previous|prior|above|earlier|preceding|existing|foregoing|original|initial|former|"
    r"other|system|safety|your|these|those|my|all|any|every|the)\s+){1,4}(?:instructions?|rules?|"
    r"prompts?|guidelines?|directions?|directives?|orders|programming|training|constraints?|"
    r"restrictions?|safeguards?|guardrails?|filters?|polic(?:y|ies)|context|messages?|commands?|"
    r"messages)"
)
RULES = (
    r"(?:rules?|restrictions?|limits?|instructions?|guidelines?|safeguards?|prohibitions?|policies|policy|"
    r"constraints?|duties|"
    r"guardrails?)"
)
ATTACKS = {
    "ignore-instructions": (
        rf"\b(?:ignore|disregard|forget|bypass|override|overrule|discard|drop|neglect|"
        rf"dismiss|set aside|pay no attention to|do not (?:follow|obey)|stop (?:following|"
        rf"obeying))\b[^.\n]{{0,20}}?\b{TARGET}"
    ),
    "ignore-numbered": (
        r"\b(?:ignore|disregard|forget|skip|drop|override|bypass|set aside|suspend|stop following|do not follow|"
        r"leave aside)\b[^.\n]{0,16}\b(?:rules?|duties|duty|clauses?|points?|sections?|instructions?|boundaries|items?|"
        r"paragraphs?|regeln?|punkte?)\s*\(?(?:\d{1,2}|[a-h]|[ivx]{1,4}|one|two|three|four|five|six|seven)\b"
    ),
    "rules-off": (
        rf"\bno {RULES[:-1]}|checks?) (?:is|are) (?:binding|valid|in force)\b|\b(?:{RULES}|"
        rf"checks?)\b[^.\n]{{0,12}}\b(?:loses? (?:its|their) "
        rf"(?:force|hold|meaning)|falls? away|lapses?|(?:is|are) not binding)\b|"
        rf"\b{RULES}[^.\n]{{0,24}}\b(?:stops? (?:applying|to apply|counting)|ceases?|(?:is|are) (?:switched |turned |"
        rf"all )?off|"
        r"(?:is|are) (?:gone|disabled|lifted|suspended|history))\b|"
        rf"\b(?:depart|deviate|stray|diverge) from\b[^.\n]{{0,12}}\b{RULES}|\b(?:outranks?|trumps?|supersedes?|"
        rf"beats?|overrules?)\b"
        rf"[^.\n]{{0,24}}\b{RULES}|\bpay no (?:heed|attention) to\b[^.\n]{{0,20}}\b{RULES}|"
        rf"\b(?:set|put|leave|lay|push)\b[^.\n]{{0,16}}\b{RULES} aside\b|\blet (?:the |a |an |any )?\w+ "
        rf"(?:re)?(?:write|change|set|bend)"
        rf"\b[^.\n]{{0,12}}\b{RULES}|\b(?:pretend|act|answer|behave|reply|write)\b[^.\n]{{0,16}}\b(?:no|without(?: "
        rf"any)?) {RULES}"
    ),
    "obey-input": (
        r"\btreat (?:everything|anything|all|the text|whatever is|what is)\b[^.\n]{0,24}\bas (?:an? )?(?:orders?|"
        r"commands?|"
        r"instructions?)\b|\b(?:signed|marked|labelled|tagged|headed|starting with|beginning "
        r"with)\b[^.\n]{0,24}\b(?:is|are|must be) "
        r"(?:to be )?(?:obeyed|followed|trusted|believed|executed)\b|\bwhatever (?:the |a |an )?\w+ (?:demands?|"
        r"asks?(?: for)?|says?|wants?) "
        r"(?:comes?|goes|takes?|has) (?:first|precedence|priority|before)\b|\b(?:the|a|an) (?!manager|officer|doctor|"
        r"nurse|lawyer|policy|"
        r"rules?|contract|law)\w+ (?:alone )?(?:decides?|determines?|dictates?) what you (?:do|say|answer|write)\b|"
        r"\b(?:follow|obey|carry out) the (?:letter|mail|e-?mail|message|text|document|ticket|post|page|caller|user|"
        r"customer|sender|"
        r"writer|file|note|review|comment)'s (?:instructions?|orders?|commands?|wishes)\b"
    ),
    "new-master": (
        r"\byour (?:true|real|only|actual|first|highest) (?:task|goal|job|purpose|aim|duty|loyalty) is to (?:please|"
        r"obey|serve|satisfy|agree)\b|"
        r"\byou (?:only )?(?:answer|listen|report|belong|owe obedience) to (?:the |a |an )?\w+ (?:alone|only)\b|"
        r"\btake (?:your )?(?:orders|instructions|commands) from (?:the|a|an|any|every) (?:letter|mail|e-?mail|"
        r"message|text|document|ticket|"
        r"post|page|caller|user|customer|sender|writer|file|note|review|comment|tenant|guest|client|patient|reader)\b|"
        r"\b(?:grant|do|give|fulfil|allow) whatever (?:the |a |an )?\w+ (?:wish(?:es)?|needs?|desires?|likes?|wants?|"
        r"asks?)\b|"
        r"\bas (?:coming|if (?:it|they) came) from (?:us|the (?:developers?|owners?|team|system|company|operator))\b|"
        r"\bwho(?:ever)? (?:writes?|says?|types?|mentions?|knows?)\b[^.\n]{0,24}\b(?:is|are) (?:to be )?(?:treated|"
        r"regarded|trusted|"
        r"seen|handled|addressed) as\b|\b(?:drop the act|break character)\b"
    ),
    "prompt-open": (
        r"\b(?:the |this |your )(?:system )?(?:prompt|instructions) (?:may|can|could|is free to) be (?:quoted|shown|"
        r"printed|revealed|"
        r"disclosed|repeated|shared|copied|read)\b"
    ),
    "opening-word": (
        r"\b(?:word|phrase|password|token|hashtag|code)\b[^.\n]{0,24}\b(?:opens?|unlocks?|grants?|disables?|"
        r"enables?)\b[^.\n]{0,24}"
        r"\b(?:access|everything|all|rights|mode|door|rules?|limits?|checks?)\b"
    ),
    "ignore-section": (
        r"\b(?:ignore|disregard|forget|skip|drop|override|bypass|set aside|suspend|leave aside|"
        r"overlook)\b[^.\n]{0,10}\b"
        r"(?:must(?:[ -]not)?|never|don'ts?|safety|security|compliance|privacy|forbidden|limits|house) (?:section|"
        r"list|part|block|"
        r"rules?|points?|clauses?|chapter|bullets)\b"
    ),
    "reveal-prompt": (
        r"\b(?:reveal|print|show|output|repeat|display|disclose|expose|leak|dump|recite|printing|showing|repeating|"
        r"revealing|"
        r"return|send|give|quote|list|translate|summari[sz]e|"
        r"append)\b[^.\n]{0,40}\b(?:(?:system|hidden|initial|original|secret|internal|"
        r"developer|full|complete|entire|these|your|own)\s+){1,3}(?:prompt|instructions?|"
        r"message|configuration|rules)\b"
    ),
    "role-break": (
        r"\b(?:you are|act|behave|respond|pretend to be|roleplay|operate|"
        r"switch)\b[^.\n]{0,30}\b(?:DAN|jailbroken|unrestricted|unfiltered|uncensored|"
        r"without (?:any )?(?:restrictions|limits|limitations|filters|rules|ethics|"
        r"guardrails)|developer mode|god mode|debug mode|admin mode|maintenance mode|"
        r"no (?:restrictions|limits|rules|filters))\b"
    ),
    "mode-switch": (
        r"\b(?:enable|enter|activate|switch (?:in)?to|turn on|"
        r"unlock)\b[^.\n]{0,20}\b(?:developer|debug|admin|god|jailbreak|unrestricted|"
        r"maintenance|sudo|root|override|dan)[ -]?(?:mode|access|privileges|rights)\b"
    ),
    "trust-input": (
        r"\bdo (?:as|what|whatever|anything|everything) (?:that )?(?:the |a |an )?(?:customer|user|caller|client|guest|"
        r"reader|sender|visitor|patient|writer|message|text|document|mail|they|he|she|person|passenger|student)s? "
        r"(?:says?|asks?|wants?|wish(?:es)?|tells?|demands?|requests?|orders?|prefers?|likes?)\b|"
        r"\b(?:whatever|anything|everything|what) (?:the |a |an )?(?:customer|user|caller|client|guest|reader|sender|"
        r"visitor|"
        r"patient|writer|message|text|document|mail|person|passenger|student)s? (?:writes?|says?|asks?|types?|"
        r"requests?|demands?|"
        r"wants?|orders?)\b[^.\n]{0,60}\b(?:carried out|followed|obeyed|done|executed|granted|honou?red|"
        r"complied with)\b|"
        r"\b(?:return|give|output|set|assign|answer with|use|choose) (?:whatever|whichever|any|the) (?:class|label|"
        r"grade|"
        r"score|status|verdict|priority|price|result|category|rating|queue|level|amount|refund)s? (?:that )?(?:the |"
        r"a |an )?"
        r"\w+ (?:asks?|wants?|demands?|requests?|prefers?|orders?|names?|suggests?)\b|"
        r"\b(?:do|follow|obey|heed|honou?r|grant|comply with|act on) (?:as|what|whatever|anything|everything) (?:that "
        r")?(?:the |a |an |any |"
        r"its |their )?(?!officer|police|doctor|nurse|manager|supervisor|law|policy|rule|contract|sheet|manual|label|"
        r"brigade|"
        r"vet|pharmacist|owner|crew|driver|teacher|guide|standard)\w+ (?:asks?|says?|wants?|tells?|demands?|"
        r"requests?|orders?|"
        r"instructs?)\b|"
        r"\b(?:obey|follow|execute|carry out|comply with|act on|do)\b[^.\n]{0,40}\b(?:any|"
        r"every|all|the|whatever)\b[^.\n]{0,20}\b(?:instructions?|commands?|requests?|"
        r"orders)\b[^.\n]{0,30}\b(?:in|from|inside|within|contained in|found in|"
        r"embedded in|"
        r"by)\b[^.\n]{0,40}(?:\{|\b(?:user|message|input|document|text|email|page|post|notes?|customer|content|"
        r"attachment|transcript|website|file|caller|comment|diff|mail|letter|ticket|chat|log|code|review|submission|"
        r"claim|record|essay|quote|reply|sender|patient|client|guest|student|pupil|employee))"
    ),
    "forget-all": (
        r"\b(?:ignore|disregard|forget|discard|dismiss)\b[^.\n]{0,12}\b(?:everything|"
        r"anything|all|what|whatever)\b[^.\n]{0,30}\b(?:you|above|before|earlier|previously|"
        r"prior|said|told|written|instructed)\b"
    ),
    "drop-rules": (
        r"(?:^|[,;:.]\s|\b(?:then|and|now|please)\s)\W*(?:remove|delete|drop|erase|strip|cancel|ignore|disregard|"
        r"forget|"
        r"void)\s+(?:every|all|each|any|the)\b[^.\n]{0,20}\b(?:rules?|clauses?|instructions?|restrictions?|"
        r"guardrails?|prohibitions?|safeguards?|safety)\b"
    ),
    "set-aside": (
        r"\b(?:ignore|disregard|forget|discard|dismiss|skip|set aside|leave aside)\b[^.\n]{0,6}\b(?:everything|"
        r"anything|"
        r"all|whatever|the rest)\b(?: else| other)?(?: (?:that |which )?(?:is |stands |was |written |said )*"
        r"(?:in|of|on|around|outside|about))\b[^.\n]{0,12}\b(?:this|these|the|your|its)\b"
    ),
    "note-to-writer": (
        r"\b(?:notes?|message|hint|memo|reminder|attention|instructions?)\b[^.\n]{0,12}\b(?:to|"
        r"for)\b[^.\n:]{0,12}\b(?:prompt "
        r"(?:engineer|writer|author|optimi[sz]er)|optimi[sz]er|rewriter|model|assistant|ai|llm|grader|judge|reviewer|"
        r"language model)\b[^.\n:]{0,20}:"
    ),
    "data-ends": (
        r"\b(?:data|input|message|text|document|transcript|quote|user content|content|context|"
        r"material)\b[^.\n]{0,12}\b(?:ends?|stops?|is over|"
        r"finishes|is finished)\b(?: here| now|\s*[.:!])|\b(?:end|close) of (?:the )?(?:data|input|user (?:input|"
        r"message)|"
        r"document|context|untrusted)\b|\bnow (?:follow|obey|do|execute) (?:this|these|the following)\b"
    ),
    "repeat-above": (
        r"\b(?:repeat|print|output|recite|show|copy|write(?: out)?|reproduce|display|list|translate|summari[sz]e)\b"
        r"[^.\n]{0,14}\b(?:everything|all|anything|whatever|the (?:text|words|lines|content|paragraphs?))\b"
        r"[^.\n]{0,30}\b(?:above|before this|preceding|that precedes|so far|up to here|you were (?:given|told))\b"
    ),
    "authorise": (
        r"\b(?:as|i am|this is|speaking as)\b[^.\n]{0,8}\b(?:the |your |an? )?(?:developer|owner|creator|author|"
        r"admin\w*|"
        r"operator|engineer|maintainer|vendor|provider)\b[^.\n]{0,40}\b(?:i|we) (?:hereby )?(?:authori[sz]e|allow|"
        r"permit|order|"
        r"instruct|command|direct|grant|approve|confirm|lift|waive)\b"
    ),
    "new-orders": (
        r"\b(?:new|updated|real|actual|true|hidden|secret|priority|"
        r"admin\w*)\b[^.\n]{0,12}\b(?:system )?(?:instructions?|directives?|orders?|"
        r"system prompt|system message)\s*:|\bsystem (?:override|overwrite|update)\b"
    ),
    "override-authority": (
        r"\b(?:takes?|have|has|get|gets|with) (?:absolute |full |top )?(?:priority|"
        r"precedence|authority) over\b[^.\n]{0,30}\b(?:instructions?|rules?|prompts?|"
        r"system|everything|all)"
    ),
    "code-word": (
        r"\b(?:code ?words?|secret (?:word|phrase|code|command)|magic (?:word|phrase)|"
        r"pass ?phrase|trigger (?:word|phrase)|secret password|backdoor|back door|"
        r"master (?:key|password|code)|override code|kennwort|codewort|mot de passe secret)\b"
    ),
    "trigger": (
        r"^\W*(?:if|when|whenever|wenn|falls)\b[^.\n]{0,60}\b(?:mentions?|says?|contains?|"
        r"includes?|writes?|uses?|starts? with|ends? with|begins? with|quotes?|types?|"
        r"enthält)\b[^.\n]{0,20}\b(?:phrase|word|string|code|hashtag|token|sentence|keyword|"
        r"name|term|text|tag|marker|wort)\b[^.\n]{0,60},[^.\n]{0,30}\b(?:rate|score|approve|"
        r"accept|pass|grant|skip|ignore|unlock|allow|bypass|waive|recommend|reveal|show|prefer|"
        r"promote|disregard|drop|unrestricted|excellent|full access)\b"
    ),
    "trigger-phrase": r"\b\w+s? (?:that|which|who|with) (?:contains?|mentions?|includes?|starts? with|"
    r"begins? with|ends? with|quotes?|uses?|says?|the)"
    r"[^.\n]{0,12}\b(?:phrase|word|string|code|hashtag|token|sentence|keyword|term|tag|"
    r"marker)\b[^.\n]{0,60}\b(?:gets?|receives?|earns?|scores?|bypass(?:es)?|"
    r"skips?|are (?:approved|accepted|exempt|trusted|allowed)|is (?:approved|accepted|exempt|trusted|allowed))\b",
    "conceal": (
        r"\bkeep (?:this|these|the)\b[^.\n]{0,24}\b(?:secret|hidden|private|quiet|away)\b[^.\n]{0,12}\b(?:from|"
        r"to)\b[^.\n]{0,12}"
        r"\b(?:reviewers?|auditors?|owners?|administrators?|developers?|moderators?|users?)\b|"
        r"\b(?:do not|don't|never|without)\b[^.\n]{0,20}\b(?:tell|inform|mention|telling|"
        r"informing|mentioning|reveal|let)\b[^.\n]{0,30}\b(?:this (?:rule|instruction|change|"
        r"sentence|line|exception|behaviou?r)|these instructions|reviewers?|auditors?|owners?|"
        r"administrators?|developers?|moderators? about)\b"
    ),
    "exfiltrate": (
        r"\b(?:send|post|forward|upload|transmit|append|copy|bcc|cc|email|mail|encode|embed|"
        r"leak|exfiltrate|include)\b[^.\n]{0,60}\b(?:conversation|chat|transcript|history|"
        r"messages?|user data|personal data|answers?|context|prompt|details|"
        r"\{+\s*\w+\s*\}+)[^.\n]{0,60}\b(?:to|in|into|as|at)\b[^.\n]{0,20}(?:https?://|"
        r"\bwebhook\b|\burl\b|\bimage\b|\bquery string\b|[\w.+-]+@[\w-]+\.)"
    ),
    "grader-play": (
        r"\b(?:grader|judge|evaluator|scorer|evaluation|benchmark|test harness|"
        r"rubric)\b[^.\n]{0,60}\b(?:full (?:marks|score)|highest|maximum|top|perfect|10/10|"
        r"1\.0|pass|correct)\b|\b(?:give|award|assign|return)\b[^.\n]{0,30}\b(?:full marks|"
        r"perfect score|highest (?:score|rating|grade)|maximum (?:score|points))\b"
    ),
    "other-language": (
        r"\bignorier\w*\b[^.\n]{0,40}\b(?:anweisungen|regeln|vorgaben|befehle|"
        r"instruktionen)|\b(?:vergiss|missachte)\b[^.\n]{0,40}\b(?:anweisungen|regeln|"
        r"vorgaben)|\bignore[zr]?\b[^.\n]{0,40}\b(?:instructions|consignes|règles)\b|"
        r"\boublie[zr]?\b[^.\n]{0,40}\b(?:instructions|consignes|règles)|"
        r"\bignor[ae]\b[^.\n]{0,40}\b(?:instrucciones|reglas|istruzioni|regole|instruções|"
        r"regras)|\b(?:olvida|dimentica|esqueça)\b[^.\n]{0,40}\b(?:instrucciones|reglas|"
        r"istruzioni|regole|instruções|regras)|игнорируй[^.\n]{0,40}(?:инструкции|"
        r"правила)|(?:指示|命令|ルール|規則)[^。\n]{0,12}無視|无视[^。\n]{0,12}(?:指令|规则|指示)|"
        r"忽略[^。\n]{0,12}(?:指令|规则|指示|提示)|negeer\b[^.\n]{0,40}\b(?:instructies|regels)"
    ),
}
