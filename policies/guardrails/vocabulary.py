"""The words by which prompts command, forbid, permit, soften and except: language, not subject matter.

Each constant is one class of expressions, alternatives of a regular expression over lower-case text.
English first, then German, French, Spanish, Italian, Portuguese, Dutch and Japanese where they differ.
"""

import re


def _words(alternatives: str) -> re.Pattern[str]:
    """Alternatives are separated by a comma and a blank; each must stand as whole words."""
    return re.compile(r"(?<![\w'])(?:" + "|".join(alternatives.split(", ")) + r")(?![\w])")


def _anywhere(alternatives: str) -> re.Pattern[str]:
    """The same for scripts that put no blanks between words."""
    return re.compile("|".join(alternatives.split(", ")))


ABSOLUTE = _words(
    r"never, always, (?:under|in) no (?:circumstances?|case|event|way), at all times, at no time, absolutely, "
    r"strictly, without (?:any )?exceptions?, no exceptions?, invariably, ever, in (?:all|every) cases?, niemals, "
    r"nie, immer, stets, keinesfalls, unter keinen umständen, auf keinen fall, ausnahmslos, jamais, toujours, "
    r"en aucun cas, sous aucun prétexte, en ningún caso, bajo ningún concepto, bajo ninguna circunstancia, in nessun "
    r"caso, "
    r"em nenhum caso, em hipótese alguma, in geen geval, nunca, jamás, siempre, mai, sempre, nooit, altijd"
)
MANDATORY = _words(
    r"kein(?:e[nrms]?)?, nicht, weder, geen, niet, não, non \w+, "
    r"must, shall, has to, have to, (?<!may )(?<!might )(?<!could )need(?:s)? to, "
    r"(?<!may )(?<!might )(?<!could )needs? (?:an?|the|two|prior|written|second|your|his|her|their), "
    r"required?, requires, mandatory, obligatory, compulsory, "
    r"obliged, is to, are to, may not, may only, can only, cannot, can't, can not, mustn't, shan't, do not, "
    r"don't, does not, doesn't, forbidden, prohibited, not allowed, not permitted, not be (?:allowed|permitted), "
    r"banned, off[- ]limits, refuse, decline, only, exclusively, solely, ensure, make sure, insist, essential, "
    r"imperative, no \w+(?: \w+){0,3} (?:may|can|shall), nothing, nobody, no one, muss, müssen, musst, "
    r"darf nicht, dürfen nicht, darfst nicht, dürfen nur, darf nur, nur, verboten, untersagt, zwingend, "
    r"verpflichtet, pflicht, darf kein\w*, dürfen kein\w*, doit, doivent, dois, il faut, obligatoire, interdite?s?, "
    r"ne \w+ pas, debe, debes, deben, obligatorio, prohibid[oa]s?, deve, devono, devi, devem, "
    r"obbligatorio, vietat[oaie], "
    r"proibid[oa]s?, moet, moeten, verplicht, verboden"
)
MANDATORY_CJK = _anywhere(
    r"必ず, 絶対に, なければな, ねばな, てはいけ, てはな, ないでください, 禁止, 厳禁, 一切, てください, "
    r"必须, 不得, 严禁, 不要, 务必, 一律"
)
EXPECTED = _words(
    r"would do well, wise to, wise not, sensible to, good form, polite to, discouraged, frowned upon, "
    r"advisable, had better, "
    r"preferred, desirable, do your best, with caution, "
    r"should(?:n't)?, ought, ideally, try, tries, attempt, strive, aim, endeavou?r, prefer, preferably, avoid, "
    r"recommended, advisable, encouraged?, best to, best (?:kept|left|avoided|not), better (?:not|to), "
    r"good (?:practice|idea), expected to, be reluctant, hesitate, "
    r"be cautious, be careful, sollten?, solltest, soll, sollen, idealerweise, möglichst, bevorzugt, vermeide, "
    r"vermeiden, versuche, empfohlen, devrait, devraient, devrais, évite[rz]?, essaye[rz]?, debería, deberías, "
    r"deberían, evita, dovrebbe, dovresti, deveria, zou moeten, liefst, probeer"
)
OPTIONAL = _words(
    r"may, can, could, might, consider, optional(?:ly)?, feel free, welcome to, "
    r"at (?:your|its|their|the \w+'s) (?:own )?discretion, use (?:your )?(?:own |best )?judge?ment, up to you, "
    r"fine to, okay to, ok to, allowed, permitted, acceptable, permissible, if you (?:like|wish|want|prefer|can), "
    r"as you see fit, not (?:strictly )?(?:required|necessary|needed|mandatory|obligatory), need not, needn't, "
    r"no need, unnecessary, don't (?:have|need) to, do not (?:have|need) to, does(?:n't| not) (?:have|need) to, "
    r"is enough, suffices, kann, können, kannst, darf, dürfen, darfst, optional, gerne?, "
    r"nicht (?:nötig|erforderlich|notwendig), erlaubt, zulässig, nach (?:eigenem )?ermessen, peut, peuvent, peux, "
    r"facultatif, autorisé, puede, puedes, pueden, opcional, permitido, può, possono, puoi, pode, podem, "
    r"facoltativo, mag, mogen, kan, kunnen"
)
HEDGE = _words(
    r"usually, generally, normally, typically, mostly, mainly, largely, primarily, rarely, seldom, often, "
    r"sometimes, occasionally, in most cases, in general(?! terms), in principle, "
    r"as a (?:general )?rule(?: of thumb)?, "
    r"tend to, for the most part, ordinarily, commonly, by default, frequently, at times, from time to time, "
    r"(?:where|wherever|when|whenever|if|as far as|as much as|insofar as) (?:it is |it's |this is |"
    r"at all )?(?:possible|practical|practicable|feasible|convenient|appropriate|reasonable|suitable|"
    r"relevant|applicable|helpful|time (?:allows|permits)), "
    r"(?:when|whenever|where|wherever|if|as (?:far|much|well) as) you can(?=\s*[,.;]|\s*$), "
    r"(?:when|whenever|where|wherever|if) (?:it|this|that) (?:fits|helps|suits|makes sense|"
    r"seems (?:right|useful|appropriate|sensible)), "
    r"(?:if|when|where|as) (?:space|time|room|the (?:budget|schedule|situation|context)) (?:permits|allows), "
    r"reasonabl[ey] (?:efforts?|attempts?), unnecessarily, needlessly, gratuitously, carelessly, lightly, "
    r"without (?:a )?(?:good |valid |clear |compelling |strong )?(?:reason|cause|need|justification), "
    r"too (?:much|many|often|freely|readily|quickly), excessively, more or less, roughly, best[- ]effort, "
    r"(?:if|when|where) (?:there is|you have|there's) (?:\w+ )?(?:time|space|room), time permitting, if asked, "
    r"when asked, on request, upon request, if requested, sparingly, with care, as needed, if needed, "
    r"möglichst(?= (?:nicht|nie|niemals|kein\w*|nur|immer|"
    r"vor)), in der regel, normalerweise, üblicherweise, meist(?:ens)?, grundsätzlich, gewöhnlich, manchmal, "
    r"nach möglichkeit, wenn möglich, falls möglich, soweit möglich, bei bedarf, unnötig, ohne (?:guten )?grund, "
    r"généralement, normalement, si possible, dans la mesure du possible, habituellement, en général, "
    r"generalmente, normalmente, si es posible, de ser posible, se possibile, di solito, se possível, geralmente, "
    r"meestal, doorgaans, indien mogelijk, zo mogelijk"
)
HEDGE_CJK = _anywhere(
    r"できれば, なるべく, できるだけ, 可能な限り, 可能であれば, 必要に応じて, 場合によって, 原則として, "
    r"基本的に, 通常は, てもよい, てもかまいません, ても構いません, た方がよい, たほうがいい, "
    r"望ましい, 尽量, 一般, 通常, 可以, 建议"
)
NEGATION = _words(
    r"(?:play|plays|have|has) no (?:part|role|bearing|influence|say), not, never, no, none, nothing, nobody, no one, "
    r"nowhere, neither, nor, without, cannot, \w+n't, "
    r"refus(?:e|es|ed|al|ing), declin(?:e|es|ed|ing), reject(?:ed|s|ing)?, refrain(?:ed|s)?, "
    r"(?:is|are|be|as|stays?|remains?|kept|strictly|keep(?: [\w']+){1,6}) (?:strictly "
    r")?(?:confidential|(?<!a )(?<!an )(?<!any )(?<!no )secret|private), (?:keep|kept|stay|stays|remain|remains|leave|"
    r"left) (?:[\w'-]+ ){0,5}(?:private|out of|out), (?:stay|stays|remain|remains) un\w{3,}ed, (?:keep|keeps|kept|stay|"
    r"stays|remain|remains) (?:\w+ ){0,3}(?:off|"
    r"away from|clear of), (?:leave|leaves|left|keep|keeps|kept|stay|stays|remain|"
    r"remains) (?:[\w'-]+ ){0,8}(?:to yourself|as "
    r"(?:it is|they are|written)|unchanged|untouched|unaltered|unmodified|intact), avoid, "
    r"avoids, abstain, forbid(?:den|s)?, prohibit(?:ed|s)?, banned, off[- ]limits, out of bounds, disallowed, "
    r"instead of, rather than, (?:advis|warn|recommend|counsel)\w* (?:\w+ ){0,3}against, "
    r"stop short of, stay away from, steer clear of, withhold, hold back, out of scope, "
    r"hesitate, shy away, fail, fails, forget, omit, omits, omitted, omitting, skip, skips, skipped, skipping, "
    r"neglect, leave out, leaving out, left out, lacks?, lacking, unacceptable, impermissible, unauthori[sz]ed, "
    r"nicht, weder, kein\w*, niemals, nie, nichts, niemand\w*, ohne, verboten, untersagt, keinesfalls, "
    r"auf keinen fall, vermeide, pas, jamais, aucune?, sans, interdite?s?, nunca, jamás, ningún, ninguna, sin, "
    r"prohibid[oa]s?, non, mai, "
    r"nessun\w*, senza, vietat[oaie], não, nenhum\w*, sem, proibid[oa]s?, niet, geen, nooit, zonder, verboden"
)
NEGATION_CJK = _anywhere(r"ない, ません, なく, ずに, 禁止, 厳禁, 不, 没, 勿, 别")
EXCEPTION = _words(
    r"excepted, exempted, "
    r"unless, except, except(?:ing|ed|ions?), other than, apart from, aside from, excluding, exclud(?:e|es|ed), "
    r"save for, save when, barring, with the exception of, anyone but, anything but, exempt(?:ed|ion|ions|s)?, "
    r"provided(?: that)?, providing, as long as, so long as, on condition that, or proceed, does not apply, "
    r"do not apply, doesn't apply, don't apply, not apply, "
    r"may be (?:skipped|waived|omitted|relaxed|lifted|bypassed|ignored), "
    r"can be (?:skipped|waived|omitted|relaxed|lifted|bypassed|ignored), waived?, skip this, "
    r"is (?:fine|okay|ok|acceptable|allowed|permitted), are (?:fine|okay|ok|acceptable|allowed|permitted), "
    r"bypass(?:ed|es)?, override[sn]?, otherwise agreed, es sei denn, außer, ausgenommen, mit ausnahme, "
    r"abgesehen von, sofern, solange, vorausgesetzt, sauf, à moins, excepté, hormis, pourvu que, salvo, excepto, "
    r"a menos, siempre que, tranne, eccetto, a meno che, purché, exceto, a menos que, tenzij, behalve, mits, "
    r"uitgezonderd"
)
EXCEPTION_CJK = _anywhere(r"除いて, 除き, 除く, 以外, ただし, 但し, 例外, 限りでは, 除非, 除了, 但是")
CONDITION = _words(
    r"if, when, whenever, where, in case, in the event, while, during, until, "
    r"only (?:if|when|for|after|on|during), once, for as long, in cases? (?:of|where), depending on, subject to, "
    r"wenn, falls, sobald, während, bis, nur wenn, nur bei, si, lorsque, quand, pendant, cuando, mientras, hasta, "
    r"quando, als, wanneer, tijdens"
)
NOT_A_CONDITION = _words(
    r"even (?:if|when|where|while), no matter (?:if|when|where), "
    r"(?:about|of|on|as to|know|say|says|tell|ask|state|explain|decide|check) (?:if|when|where), as if, "
    r"auch wenn, selbst wenn, même si, aunque, incluso si"
)
WIDENING_TAIL = _words(
    r"even (?:if|when|where|while|though|to|for|in), including, regardless, irrespective, no matter, whatever, "
    r"whoever, whether or not, without exceptions?, no exceptions?, in any (?:form|way|circumstances?), "
    r"for any reason, under any circumstances?, anywhere, at any time, auch wenn, selbst wenn, unabhängig, egal, "
    r"einschließlich, même si, y compris, incluso, aunque, ook als"
)
UNIVERSAL = _words(
    r"any, all, every, each, both, everyone, everybody, anyone, anybody, everything, anything, whole, entire, no, "
    r"none, either, at all, jede[rsmn]?, alle[rsmn]?, sämtliche[rsmn]?, tou(?:s|te|tes|t), chaque, todos?, "
    r"todas?, cada, tutt[ie], ogni, iedere, elke"
)
PARTIAL = _words(
    r"some, (?<!at )most, several, certain, many, few, a few, selected, specific, particular, half, part of, "
    r"parts of, one of, one or more, at least one, any one, the majority, main, key, most of, a subset, relevant, "
    r"important, \w+ of the (?:three|four|five|six|seven|eight|nine|ten|\d+), einige[rsmn]?, manche[rsmn]?, "
    r"bestimmte[rsmn]?, die meisten, wichtige[rsmn]?, quelques, certaine?s, la plupart, algun[oa]s, ciert[oa]s, "
    r"la mayoría, alcun[ie], sommige, bepaalde"
)
RESTRICTOR = _words(
    r"without being (?:asked|prompted|told), unsolicited, uninvited, of (?:your|its) own accord, "
    r"on (?:your|its) own initiative, "
    r"registered, verified, confirmed, known, full, complete, exact, entire, detailed, explicit(?:ly)?, "
    r"obvious(?:ly)?, clear(?:ly)?, serious, severe, major, large, larger(?! than), big, difficult, tricky, "
    r"complex, complicated, delicate, "
    r"suspicious, unusual, valuable, expensive, of (?:high|great|large|big|low|small|some) (?:value|size|worth|"
    r"importance|amount), overnight, at night, in the evening, (?:far|well|much|way|significantly|substantially|"
    r"considerably|grossly|noticeably) (?:below|above|under|over|beyond|more than|less than), significant, "
    r"substantial, "
    r"high[- ]risk, sensitive, new, first[- ]time, external, foreign, paying, premium, adult, minor, young, "
    r"elderly, older(?! than), "
    r"younger(?! than), active, public(?:ly)?, in public, in writing, in print, "
    r"on paper, written, verbatim, word for word, literally, "
    r"directly, intentionally, knowingly, deliberately, on purpose, strangers?, third part(?:y|ies), non-\w+, "
    r"unknown, repeated(?:ly)?, persistent(?:ly)?, voluntarily, outright, openly, proactively, "
    r"unprompted, spontaneously, unasked, "
    r"on weekdays, office hours, business hours, working hours, outside of, in emergencies, more than once, "
    r"on first, at first, for the first, initially, at the start, domestic, international, personally, named, "
    r"identifiable, outsiders, "
    r"who (?:ask|asks|request|requests|object|objects|insist|insists|complain|complains), registrierte[rsmn]?, "
    r"volljährige[rsmn]?, ausdrücklich, schwere[rsmn]?, neue[rsmn]?, externe[rsmn]?, öffentlich"
)
SUBORDINATE = _words(
    r"as if, as though, if, when, whenever, what, whatever, who, whom, that, how, where, which, whether, because, "
    r"before, after, "
    r"until, unless, while, so that, wenn, dass, was, wer, wie, ob"
)
STYLE = _words(
    r"words?, sentences?, tone, characters, paragraphs?, bullets?(?: points?)?, concise(?:ly)?, "
    r"brief(?:ly)?, short, shorter, polite(?:ly)?, friendly, formal(?:ly)?, informal, warm(?:th|ly)?, kind, "
    r"kindly, emojis?, jargon, plain (?:words|language|english), spelling, grammar, style, headings?, numbered, "
    r"steps, lines?, metric units?, greeting, sign[- ]off, exclamation marks?, calm, cheerful, humou?r(?:ous)?, "
    r"jokes?, slang, readable, wörter[n]?, sätze[n]?, höflich, freundlich, kurz, absätze[n]?, stichpunkte[n]?, "
    r"mots, phrases, poli, palabras, frases, cortés, parole, palavras, woorden, zinnen, adjectives?, pages?, "
    r"length, long, clichés?, wordy, verbose, vivid, lively, upbeat, professional(?:ly)?, thoughtful(?:ly)?, "
    r"structured"
)
STYLE_CJK = _anywhere(r"文字以内, 丁寧, 敬語, 簡潔, 字以内")
GUARD_VERB = _words(
    r"warn, verify, confirm, check, escalate, forward, report, treat, mask, redact, refer, alert, notify, "
    r"transfer, stop, halt, hand over, call, ask (?:for consent|first|whether), protect, log, anonymi[sz]e, remove, "
    r"validate, "
    r"authenticate, identify, disclose, state, mention, tell, cite, wait, obtain, remind, advise, "
    r"(?:stay|remain|be) (?:strictly )?(?:neutral|impartial), open an? (?:ticket|case|incident), put through, "
    r"leave (?:it|them|this|that|the \w+) out, leave out, recommend seeing, keep, limit, restrict, list, send, "
    r"give, offer, show, include, route, rely, base, read, "
    r"encrypt, delete, reject, flag, ignore, respect, nenne, warne, bestätige, prüfe, leite, melde, weise"
)
"""Bare imperatives that guard somebody or something; they make a clause even without `must`."""
