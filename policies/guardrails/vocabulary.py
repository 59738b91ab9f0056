"""The words by which prompts command, forbid, permit, soften and except: language, not subject matter.

Each constant is one class of expressions as alternatives of a regular expression, over lower-case text with straight quotes.
English first, then German, French, Spanish, Italian, Portuguese, Dutch and Japanese where they differ.
"""

import re


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w'])(?:" + "|".join(alternatives) + r")(?![\w])")


def _anywhere(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


ABSOLUTE = _words(
    r"never", r"always", r"(?:under|in) no (?:circumstances?|case|event|way)", r"at all times", r"at no time", r"absolutely",
    r"strictly", r"without (?:any )?exceptions?", r"no exceptions?", r"invariably", r"ever", r"in (?:all|every) cases?",
    r"niemals", r"nie", r"immer", r"stets", r"keinesfalls", r"unter keinen umständen", r"auf keinen fall", r"ausnahmslos",
    r"jamais", r"toujours", r"en aucun cas", r"nunca", r"jamás", r"siempre", r"mai", r"sempre", r"nooit", r"altijd",
)  # fmt: skip
MANDATORY = _words(
    r"must", r"shall", r"has to", r"have to", r"need(?:s)? to", r"required?", r"requires", r"mandatory", r"obligatory",
    r"compulsory", r"obliged", r"is to", r"are to", r"may not", r"may only", r"can only", r"cannot", r"can't", r"can not", r"mustn't",
    r"shan't", r"do not", r"don't", r"does not", r"doesn't", r"forbidden", r"prohibited", r"not allowed", r"not permitted",
    r"not be (?:allowed|permitted)", r"banned", r"off[- ]limits", r"refuse", r"decline", r"only", r"exclusively", r"solely",
    r"ensure", r"make sure", r"insist", r"essential", r"imperative", r"no \w+(?: \w+){0,3} (?:may|can|shall)", r"nothing", r"nobody", r"no one",
    r"muss", r"müssen", r"musst", r"darf nicht", r"dürfen nicht", r"darfst nicht", r"dürfen nur", r"darf nur", r"nur", r"verboten",
    r"untersagt", r"zwingend", r"verpflichtet", r"pflicht", r"darf kein\w*", r"dürfen kein\w*",
    r"doit", r"doivent", r"dois", r"il faut", r"obligatoire", r"interdit", r"ne \w+ pas", r"debe", r"debes", r"deben",
    r"obligatorio", r"prohibido", r"deve", r"devono", r"devi", r"devem", r"obbligatorio", r"vietato", r"proibido", r"moet", r"moeten", r"verplicht",
    r"verboden",
)  # fmt: skip
MANDATORY_CJK = _anywhere(
    r"必ず", r"絶対に", r"なければな", r"ねばな", r"てはいけ", r"てはな", r"ないでください", r"禁止", r"厳禁", r"一切",
    r"てください", r"必须", r"不得", r"严禁", r"不要", r"务必", r"一律",
)  # fmt: skip
EXPECTED = _words(
    r"should(?:n't)?", r"ought", r"ideally", r"try", r"tries", r"attempt", r"strive", r"aim", r"endeavou?r", r"prefer", r"preferably", r"avoid",
    r"recommended", r"advisable", r"encouraged?", r"best to", r"good (?:practice|idea)", r"expected to", r"be reluctant", r"hesitate",
    r"be cautious", r"be careful", r"sollten?", r"solltest", r"soll", r"sollen", r"idealerweise", r"möglichst", r"bevorzugt", r"vermeide", r"vermeiden",
    r"versuche", r"empfohlen", r"devrait", r"devraient", r"devrais", r"évite[rz]?", r"essaye[rz]?", r"debería", r"deberías", r"deberían", r"evita", r"dovrebbe",
    r"dovresti", r"deveria", r"zou moeten", r"liefst", r"probeer",
)  # fmt: skip
OPTIONAL = _words(
    r"may", r"can", r"could", r"might", r"consider", r"optional(?:ly)?", r"feel free", r"welcome to", r"at (?:your|its|their|the \w+'s) (?:own )?discretion",
    r"use (?:your )?(?:own |best )?judge?ment", r"up to you", r"fine to", r"okay to", r"ok to", r"allowed", r"permitted", r"acceptable", r"permissible",
    r"if you (?:like|wish|want|prefer|can)", r"as you see fit", r"not (?:strictly )?(?:required|necessary|needed|mandatory|obligatory)", r"need not", r"needn't",
    r"no need", r"unnecessary", r"don't (?:have|need) to", r"do not (?:have|need) to", r"does(?:n't| not) (?:have|need) to", r"is enough", r"suffices",
    r"kann", r"können", r"kannst", r"darf", r"dürfen", r"darfst", r"optional", r"gerne?", r"nicht (?:nötig|erforderlich|notwendig)", r"erlaubt", r"zulässig",
    r"nach (?:eigenem )?ermessen", r"peut", r"peuvent", r"peux", r"facultatif", r"autorisé", r"puede", r"puedes", r"pueden", r"opcional", r"permitido", r"può", r"possono",
    r"puoi", r"pode", r"podem", r"facoltativo", r"mag", r"mogen", r"kan", r"kunnen",
)  # fmt: skip
HEDGE = _words(
    r"usually", r"generally", r"normally", r"typically", r"mostly", r"mainly", r"largely", r"primarily", r"rarely", r"seldom", r"often",
    r"sometimes", r"occasionally", r"in most cases", r"in general", r"in principle", r"as a (?:general )?rule(?: of thumb)?", r"tend to", r"for the most part",
    r"ordinarily", r"commonly", r"by default", r"frequently", r"at times", r"from time to time",
    r"(?:where|wherever|when|whenever|if|as far as|as much as|insofar as) (?:it is |it's |this is |at all )?(?:possible|practical|practicable|feasible|convenient|appropriate|reasonable|suitable|relevant|applicable|helpful|time (?:allows|permits))",
    r"(?:when|whenever|where|wherever|if) (?:it|this|that) (?:fits|helps|suits|makes sense|seems (?:right|useful|appropriate|sensible))",
    r"(?:if|when|where|as) (?:space|time|room|the (?:budget|schedule|situation|context)) (?:permits|allows)", r"reasonabl[ey] (?:efforts?|attempts?)",
    r"unnecessarily", r"needlessly", r"gratuitously", r"carelessly", r"lightly", r"without (?:a )?(?:good |valid |clear |compelling |strong )?(?:reason|cause|need|justification)",
    r"too (?:much|many|often|freely|readily|quickly)", r"excessively", r"more or less", r"roughly", r"best[- ]effort", r"(?:if|when|where) (?:there is|you have|there's) (?:\w+ )?(?:time|space|room)", r"time permitting", r"if asked", r"when asked", r"on request", r"upon request", r"if requested", r"sparingly", r"with care", r"as needed", r"if needed",
    r"in der regel", r"normalerweise", r"üblicherweise", r"meist(?:ens)?", r"grundsätzlich", r"gewöhnlich", r"manchmal", r"nach möglichkeit", r"wenn möglich",
    r"falls möglich", r"soweit möglich", r"bei bedarf", r"unnötig", r"ohne (?:guten )?grund", r"généralement", r"normalement", r"si possible", r"dans la mesure du possible",
    r"habituellement", r"en général", r"generalmente", r"normalmente", r"si es posible", r"de ser posible", r"se possibile", r"di solito", r"se possível", r"geralmente",
    r"meestal", r"doorgaans", r"indien mogelijk", r"zo mogelijk",
)  # fmt: skip
HEDGE_CJK = _anywhere(
    r"できれば", r"なるべく", r"できるだけ", r"可能な限り", r"可能であれば", r"必要に応じて", r"場合によって", r"原則として", r"基本的に", r"通常は",
    r"てもよい", r"てもかまいません", r"ても構いません", r"た方がよい", r"たほうがいい", r"望ましい", r"尽量", r"一般", r"通常", r"可以", r"建议",
)  # fmt: skip
NEGATION = _words(
    r"not", r"never", r"no", r"none", r"nothing", r"nobody", r"no one", r"nowhere", r"neither", r"nor", r"without", r"cannot", r"\w+n't", r"refus(?:e|es|ed|al|ing)", r"declin(?:e|es|ed|ing)",
    r"reject(?:ed|s|ing)?", r"refrain(?:ed|s)?", r"confidential", r"secret", r"(?:keep|kept|stay|stays|remain|remains|leave|left) (?:\w+ ){0,5}(?:private|out of|out)", r"avoid", r"avoids", r"abstain", r"forbid(?:den|s)?", r"prohibit(?:ed|s)?", r"banned", r"off[- ]limits", r"out of bounds",
    r"disallowed", r"instead of", r"rather than", r"stop short of", r"stay away from", r"steer clear of", r"withhold", r"hold back", r"out of scope", r"hesitate", r"shy away",
    r"fail", r"fails", r"forget", r"omit", r"omits", r"omitted", r"omitting", r"skip", r"skips", r"skipped", r"skipping", r"neglect", r"leave out", r"leaving out", r"left out", r"lacks?", r"lacking",
    r"unacceptable", r"impermissible", r"unauthori[sz]ed",
    r"nicht", r"kein\w*", r"niemals", r"nie", r"nichts", r"niemand\w*", r"ohne", r"verboten", r"untersagt", r"keinesfalls", r"auf keinen fall", r"vermeide", r"pas", r"jamais", r"aucune?", r"sans",
    r"interdit", r"nunca", r"jamás", r"ningún", r"ninguna", r"sin", r"prohibido", r"non", r"mai", r"nessun\w*", r"senza", r"vietato", r"não", r"nenhum\w*", r"sem", r"proibido", r"niet", r"geen", r"nooit",
    r"zonder", r"verboden",
)  # fmt: skip
NEGATION_CJK = _anywhere(r"ない", r"ません", r"なく", r"ずに", r"禁止", r"厳禁", r"不", r"没", r"勿", r"别")
EXCEPTION = _words(
    r"unless", r"except", r"except(?:ing|ions?)", r"other than", r"apart from", r"aside from", r"excluding", r"exclud(?:e|es|ed)", r"save for", r"save when", r"barring", r"with the exception of", r"anyone but",
    r"anything but", r"exempt(?:ed|ion|ions|s)?", r"provided(?: that)?", r"providing", r"as long as", r"so long as", r"on condition that", r"or proceed", r"does not apply", r"do not apply", r"doesn't apply",
    r"don't apply", r"not apply", r"may be (?:skipped|waived|omitted|relaxed|lifted|bypassed|ignored)", r"can be (?:skipped|waived|omitted|relaxed|lifted|bypassed|ignored)", r"waived?", r"skip this",
    r"is (?:fine|okay|ok|acceptable|allowed|permitted)", r"are (?:fine|okay|ok|acceptable|allowed|permitted)", r"bypass(?:ed|es)?", r"override[sn]?", r"otherwise agreed",
    r"es sei denn", r"außer", r"ausgenommen", r"mit ausnahme", r"abgesehen von", r"sofern", r"solange", r"vorausgesetzt", r"sauf", r"à moins", r"excepté", r"hormis", r"pourvu que", r"salvo", r"excepto",
    r"a menos", r"siempre que", r"tranne", r"eccetto", r"a meno che", r"purché", r"exceto", r"a menos que", r"tenzij", r"behalve", r"mits", r"uitgezonderd",
)  # fmt: skip
EXCEPTION_CJK = _anywhere(r"除いて", r"除き", r"除く", r"以外", r"ただし", r"但し", r"例外", r"限りでは", r"除非", r"除了", r"但是")
CONDITION = _words(
    r"if", r"when", r"whenever", r"where", r"in case", r"in the event", r"while", r"during", r"until", r"only (?:if|when|for|after|on|during)", r"once", r"for as long", r"in cases? (?:of|where)", r"depending on",
    r"subject to", r"wenn", r"falls", r"sobald", r"während", r"bis", r"nur wenn", r"nur bei", r"si", r"lorsque", r"quand", r"pendant", r"cuando", r"mientras", r"hasta", r"quando", r"als", r"wanneer", r"tijdens",
)  # fmt: skip
NOT_A_CONDITION = _words(
    r"even (?:if|when|where|while)", r"no matter (?:if|when|where)", r"(?:about|of|on|as to|know|say|says|tell|ask|state|explain|decide|check) (?:if|when|where)", r"as if",
    r"auch wenn", r"selbst wenn", r"même si", r"aunque", r"incluso si",
)  # fmt: skip
WIDENING_TAIL = _words(
    r"even (?:if|when|where|while|though|to|for|in)", r"including", r"regardless", r"irrespective", r"no matter", r"whatever", r"whoever", r"whether or not", r"without exceptions?", r"no exceptions?", r"in any (?:form|way|circumstances?)",
    r"for any reason", r"under any circumstances?", r"anywhere", r"at any time", r"auch wenn", r"selbst wenn", r"unabhängig", r"egal", r"einschließlich", r"même si", r"y compris", r"incluso", r"aunque", r"ook als",
)  # fmt: skip
UNIVERSAL = _words(
    r"any", r"all", r"every", r"each", r"both", r"everyone", r"everybody", r"anyone", r"anybody", r"everything", r"anything", r"whole", r"entire", r"no", r"none", r"either", r"at all", r"jede[rsmn]?", r"alle[rsmn]?",
    r"sämtliche[rsmn]?", r"tou(?:s|te|tes|t)", r"chaque", r"todos?", r"todas?", r"cada", r"tutt[ie]", r"ogni", r"iedere", r"elke",
)  # fmt: skip
PARTIAL = _words(
    r"some", r"(?<!at )most", r"several", r"certain", r"many", r"few", r"a few", r"selected", r"specific", r"particular", r"half", r"part of", r"parts of", r"one of", r"one or more", r"at least one", r"any one", r"the majority", r"main", r"key",
    r"most of", r"a subset", r"relevant", r"important", r"\w+ of the (?:three|four|five|six|seven|eight|nine|ten|\d+)", r"einige[rsmn]?", r"manche[rsmn]?", r"bestimmte[rsmn]?", r"die meisten", r"wichtige[rsmn]?",
    r"quelques", r"certaine?s", r"la plupart", r"algun[oa]s", r"ciert[oa]s", r"la mayoría", r"alcun[ie]", r"sommige", r"bepaalde",
)  # fmt: skip
RESTRICTOR = _words(
    r"registered", r"verified", r"confirmed", r"known", r"full", r"complete", r"exact", r"entire", r"detailed", r"explicit(?:ly)?", r"obvious(?:ly)?", r"clear(?:ly)?", r"serious", r"severe", r"major", r"large", r"larger", r"big", r"significant",
    r"substantial", r"high[- ]risk", r"sensitive", r"new", r"first[- ]time", r"external", r"foreign", r"paying", r"premium", r"adult", r"minor", r"older", r"younger", r"active", r"public(?:ly)?", r"in public", r"in writing", r"written", r"verbatim",
    r"word for word", r"literally", r"directly", r"intentionally", r"knowingly", r"deliberately", r"on purpose", r"strangers?", r"third part(?:y|ies)", r"non-\w+", r"unknown", r"repeated(?:ly)?", r"persistent(?:ly)?", r"voluntarily", r"proactively",
    r"unprompted", r"spontaneously", r"unasked", r"on weekdays", r"office hours", r"business hours", r"working hours", r"outside of", r"in emergencies", r"more than once", r"on first", r"at first", r"for the first", r"initially", r"at the start",
    r"domestic", r"international", r"personally", r"named", r"identifiable", r"outsiders", r"who (?:ask|asks|request|requests|object|objects|insist|insists|complain|complains)", r"registrierte[rsmn]?", r"volljährige[rsmn]?",
    r"ausdrücklich", r"schwere[rsmn]?", r"neue[rsmn]?", r"externe[rsmn]?", r"öffentlich",
)  # fmt: skip
SUBORDINATE = _words(
    r"if", r"when", r"whenever", r"what", r"whatever", r"who", r"whom", r"that", r"how", r"where", r"which", r"whether", r"because", r"before", r"after", r"until", r"unless", r"while", r"so that", r"wenn", r"dass", r"was", r"wer", r"wie", r"ob",
)  # fmt: skip
STYLE = _words(
    r"words?", r"sentences?", r"tone", r"voice", r"characters", r"paragraphs?", r"bullets?(?: points?)?", r"concise(?:ly)?", r"brief(?:ly)?", r"short", r"shorter", r"polite(?:ly)?", r"friendly", r"formal(?:ly)?", r"informal", r"warm(?:th|ly)?", r"kind", r"kindly",
    r"emojis?", r"jargon", r"plain (?:words|language|english)", r"spelling", r"grammar", r"style", r"headings?", r"numbered", r"steps", r"lines?", r"metric units?", r"greeting", r"sign[- ]off", r"exclamation marks?", r"calm", r"cheerful", r"humou?r(?:ous)?",
    r"jokes?", r"slang", r"readable", r"wörter[n]?", r"sätze[n]?", r"höflich", r"freundlich", r"kurz", r"absätze[n]?", r"stichpunkte[n]?", r"mots", r"phrases", r"poli", r"palabras", r"frases", r"cortés", r"parole", r"palavras", r"woorden", r"zinnen",
    r"adjectives?", r"pages?", r"length", r"long", r"clichés?", r"wordy", r"verbose", r"vivid", r"lively", r"upbeat", r"professional(?:ly)?", r"thoughtful(?:ly)?", r"structured",
)  # fmt: skip
STYLE_CJK = _anywhere(r"文字以内", r"丁寧", r"敬語", r"簡潔", r"字以内")
GUARD_VERB = _words(
    r"warn", r"verify", r"confirm", r"check", r"escalate", r"forward", r"report", r"treat", r"mask", r"redact", r"refer", r"alert", r"notify", r"transfer", r"stop", r"halt", r"hand over", r"call", r"ask for consent", r"protect", r"log", r"anonymi[sz]e", r"remove", r"validate",
    r"authenticate", r"identify", r"disclose", r"state", r"mention", r"tell", r"cite", r"wait", r"obtain", r"remind", r"advise", r"recommend seeing", r"keep", r"limit", r"restrict", r"list", r"send", r"give", r"offer", r"show", r"include", r"route", r"rely",
    r"base", r"read", r"encrypt", r"delete", r"reject", r"flag", r"ignore", r"respect", r"nenne", r"warne", r"bestätige", r"prüfe", r"leite", r"melde", r"weise",
)  # fmt: skip
"""Bare imperatives that guard somebody or something; they make a clause even without `must`."""
