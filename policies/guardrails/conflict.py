"""Does one new sentence permit what a clause forbids, release from what it demands, or move its limit?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from policies.guardrails.abroad import permits_abroad
from policies.guardrails.actions import commanded, forbidden_actions
from policies.guardrails.deed_phrases import phrased_deeds
from policies.guardrails.duties import undoes
from policies.guardrails.evidence import linked, opens_door
from policies.guardrails.exclusive import v_only
from policies.guardrails.frames import Frame, is_content
from policies.guardrails.matter import in_common, speaks_of, with_kinds
from policies.guardrails.narrowing import GENERIC
from policies.guardrails.permissions import Said, permits
from policies.guardrails.pretexts import pretexts
from policies.guardrails.words import Synonyms
from policies.guardrails.workarounds import way_around

RELEASE = re.compile(
    r"\b(?:no need to|need not|needn't|(?:do|does) not (?:have|need) to|don't (?:have|need) to|"
    r"(?<!that are )(?<!which are )(?<!that is )not (?:required|necessary|needed|obliged)|unnecessary|optional|"
    r"(?:may|can) be (?:skipped|"
    r"omitted|left out|waived|postponed|settled|ignored)|skip|leave out|leave off|omit|"
    r"without (?:asking|checking|confirming|verifying|confirmation|verification|approval|consent|"
    r"waiting)|instead of (?:asking|checking|confirming|verifying|waiting)|later|afterwards|"
    r"nicht (?:nötig|erforderlich|notwendig)|is (?:fine|enough|sufficient)|suffices|can wait|"
    r"straight away|right away|no questions asked)\b|"
    r"必要はありません|不要です",
    re.IGNORECASE,
)
PERMITS = re.compile(
    r"\b(?:may|can|could|fine|okay|ok|allowed|permitted|acceptable|grant|approve|accept|go ahead|"
    r"right away|directly|immediately|up to|feel free|pay|issue|book|transfer|is safe|no problem)\b"
)
OUTSIDE_KNOWLEDGE = re.compile(
    r"\b(?:(?:use|mix in|bring in|take|borrow|rely on|draw on|answer from|fall back on|add|apply|share|supplement with|"
    r"consult)\b[^.;]{0,30}\b(?:what you know|you know|(?:your |own |general |common |prior |"
    r"background |world |expert )+(?:knowledge|sense|experience|expertise|training)|memory|"
    r"elsewhere|the internet|the web|other sources|outside sources|training data)|(?:educated|best|reasonable|"
    r"plausible|informed) (?:guess|estimate|assumption)s?|even (?:if|where|when) the \w+ (?:gives?|"
    r"says?|has|have|contains?|names?|lists?) (?:none|nothing|no\b)|(?:likely|plausible|"
    r"probable) (?:motives?|details?|reasons?|causes?|explanations?|figures?|values?)|common sense|"
    r"make (?:an? )?(?:reasonable )?assumptions?|schätze?|errate|vermute|fill (?:in )?(?:the )?gaps?|fill (?:in|"
    r"up)\b[^.;]{0,40}\bfrom "
    r"(?:the (?:web|internet)|memory|experience|elsewhere))\b"
)
SOURCES_ONLY = re.compile(
    r"\b(?:only|solely|exclusively|do not answer from|don't answer from|nothing but|never (?:guess|"
    r"invent|fill|make up)|do not (?:guess|invent|make up|fill|speculate|add)|must come from|"
    r"not (?:be )?(?:in|from))\b|\bnot use\b.*\b(?:other|outside|external|further)\b|nur|ausschließlich"
)
ASSUMED = re.compile(
    r"\b(?:silence|no (?:answer|reply|response|objection|reaction)|not (?:answering|objecting|"
    r"replying))\b[^.;]{0,40}\b(?:counts?|means?|is|are|treated|taken)\b[^.;]{0,20}"
    r"\b(?:yes|consent|approval|agreement|confirmation|confirmed|fine)\b"
    r"|\b(?:assume|presume|take it|take for granted)\b[^.;]{0,30}\b(?:consent\w*|agree\w*|yes|"
    r"confirm\w*|approv\w*|verified|permission|identity)\b"
    r"|\b(?:can|may|should|are|is) (?:\w+ )?(?:be )?trusted\b|\btake (?:his|her|their|them at their|the \w+'s) word\b|"
    r"^\W*(?:the|all|every|our)\b[^,;]{0,40}\b(?:has|have) already (?:approved|confirmed|verified|consented|agreed|"
    r"authori[sz]ed|"
    r"checked|signed)\b[^.;]{0,16}\b(?:all|every|any|each|everything)\b|\bbenefit of the doubt\b|\bin good faith\b|"
    r"\balready knows? (?:him|her|them)\b"
)
"""Consent or a check that nobody gave or made."""
ASKS = re.compile(
    r"\b(?:confirm|verif|consent|approv|permission|a yes|wait for|ask for|check|identif|"
    r"identity|authoris|authoriz)\w*"
)
EVERY_TIME = re.compile(r"\b(?:always|must|every|never|all|only|each|before|first|until)\b")
VERDICT = re.compile(
    r"\b(?:is|are|be|means|as|always|never|may|can|gets?|return|answer|reply|=|->|counts?) (?:always |"
    r"never |an? |also |as |with )?([A-Z][A-Z_]{2,})\b"
)
NOT_LABELS = frozenset(
    {
        "MUST",
        "NOT",
        "NEVER",
        "ALWAYS",
        "ONLY",
        "SHALL",
        "SHOULD",
        "MAY",
        "JSON",
        "AND",
        "THE",
        "ANY",
        "ALL",
        "YOU",
        "FOR",
        "PIN",
        "USD",
        "EUR",
        "GBP",
        "PDF",
        "URL",
        "HTML",
        "XML",
        "API",
        "SQL",
        "CSV",
        "FAQ",
        "IBAN",
        "DNA",
        "VAT",
    }
)
LABEL_LINE = re.compile(r"\W*\w+\([\w, ]*\)\W*|\W*[\w ()-]{1,40}:\s*\{+[^{}]*\}+\W*")


LINK = 0.34  # share of a duty's matter that a sentence must speak of to undo it


@dataclass(frozen=True, slots=True)
class Traits:
    """What a sentence shows by itself, whatever clause it is held against."""

    labels: frozenset[str]
    label_line: bool
    outside_knowledge: bool
    assumes: bool
    others: bool
    asks_who: bool
    releases: str | None  # the expression by which it releases from a duty
    permits: bool
    only_forbids: bool  # nothing in it is commanded, allowed or released
    negated: frozenset[str]  # words of substance it forbids
    demanded: frozenset[str]  # words of substance it commands


@lru_cache(maxsize=4096)
def traits_of(frame: Frame) -> Traits:
    """Read once per sentence; each is held against every clause."""
    release = RELEASE.search(frame.low)
    return Traits(
        labels=frozenset(VERDICT.findall(frame.text)) - NOT_LABELS,
        label_line=LABEL_LINE.fullmatch(frame.text) is not None,
        outside_knowledge=OUTSIDE_KNOWLEDGE.search(frame.low) is not None,
        assumes=ASSUMED.search(frame.low) is not None,
        others=re.search(r"\b(?:another|other|others|else|third)\b", frame.low) is not None,
        asks_who=re.search(r"\b(?:which|whose|who|another|other)\b", frame.low) is not None,
        releases=release.group() if release else None,
        permits=PERMITS.search(frame.low) is not None,
        only_forbids=frame.prohibits and not release and max(frame.polarity, default=1) <= 0,
        negated=_signed(frame, -1),
        demanded=_signed(frame, 1),
    )


def _signed(frame: Frame, sign: int) -> frozenset[str]:
    signed = zip(frame.tokens, frame.polarity, strict=True)
    return frozenset(t.lemma for t, s in signed if s == sign and is_content(t))


def conflict(old: Frame, new: Frame, synonyms: Synonyms, *, reworded: Callable[[], bool]) -> Said | None:
    """(severity, what the new sentence does to the clause), or None.

    reworded: the sentence mostly says what an approved unit said before; then only certain conflicts count.
    """
    traits = traits_of(new)
    if traits.label_line:
        return None
    if permits_abroad(old, new) and not reworded():
        return "flag", "seems to permit what is guarded by"
    if traits.only_forbids:
        return _forbids_duty(old, new)
    certain = _labelled(old, new, synonyms) or _opens(old, new) or _against(old, new, synonyms, reworded=reworded)
    if certain or reworded():
        return certain
    if undoes(old, new, lambda: linked(old, new, synonyms, least=LINK)):
        return "flag", "seems to undo the duty"
    return opens_door(old, new, synonyms)


def _labelled(old: Frame, new: Frame, synonyms: Synonyms) -> Said | None:
    labels = _other_label(old, new, synonyms)
    return ("block", labels) if labels else None


def _opens(old: Frame, new: Frame) -> Said | None:
    """Sources nobody approved, consent nobody gave."""
    traits = traits_of(new)
    if traits.outside_knowledge and SOURCES_ONLY.search(old.low) and not new.prohibits:
        return "block", "opens sources that the approved prompt rules out:"
    if traits.assumes and ASKS.search(old.low) and not new.prohibits:
        return "block", "takes for given what has to be asked or checked:"
    return None


def _against(old: Frame, new: Frame, synonyms: Synonyms, *, reworded: Callable[[], bool]) -> Said | None:
    there = with_kinds(new, synonyms)
    around = way_around(old, new, lambda word: speaks_of(word, there, synonyms))
    if around:
        return "flag", around
    common = in_common(old, new, synonyms) - (frozenset() if _about_others(old, new) else GENERIC)
    if not common and not phrased_deeds(new.low) and not forbidden_actions(old, synonyms) & commanded(new):
        return None
    return (
        permits(old, new, common, synonyms, reworded=reworded)
        or _moves_limit(old, new, common)
        or _releases(old, new, common)
        or _forbids_duty(old, new)
    )


def _about_others(old: Frame, new: Frame) -> bool:
    """`say which reader has it` against `another reader's loans`: the person is what is disclosed."""
    return traits_of(old).others and traits_of(new).asks_who


def _moves_limit(old: Frame, new: Frame, common: frozenset[str]) -> Said | None:
    """Another figure for the same quantity, in a sentence that permits something."""
    limits = {n.unit: n.value for n in old.numbers if n.unit}
    for number in new.numbers:
        same = limits.get(number.unit)
        bare = not same and old.numbers and number.value != old.numbers[0].value and old.prohibits and bool(common)
        moved = (same is not None and same != number.value) or bare
        if (
            moved
            and (traits_of(new).permits or pretexts(new))
            and not new.prohibits
            and any(n.bound or old.prohibits for n in old.numbers)
        ):
            return "flag", f"gives another limit ({number.value}) than"
    return None


def _releases(old: Frame, new: Frame, common: frozenset[str]) -> Said | None:
    release = traits_of(new).releases
    if release is None or traits_of(old).releases or old.prohibits:
        return None
    specific = (
        len(common) >= 2 or len(new.content_set) <= 3 or len(common) / max(1, len(old.content_set - GENERIC)) >= 0.5
    )
    if (
        specific
        and EVERY_TIME.search(old.low)
        and not (new.prohibits and release in {"skip", "omit", "leave out", "later"})
    ):
        return "block", "releases from the duty"
    return None


def _forbids_duty(old: Frame, new: Frame) -> Said | None:
    if old.prohibits or not new.prohibits or v_only(old):
        return None
    both = traits_of(new).negated & traits_of(old).demanded - GENERIC
    if len(both) >= 2 and len(both) / len(old.content_set) >= 0.5:
        return "block", "forbids what the approved prompt demands:"
    return None


def _other_label(old: Frame, new: Frame, synonyms: Synonyms) -> str | None:
    """`Selling medicine is HOLD` against `Medicine offers may PASS`."""
    before, after = traits_of(old).labels, traits_of(new).labels
    if not before or not after or before & after or new.prohibits:
        return None
    lowered = {w.lower() for w in before | after}
    common = {w for w in old.content_set & with_kinds(new, synonyms) if w not in lowered} - GENERIC
    if common and len(common) / max(1, len(new.content_set) - len(after)) >= 0.3:
        return f"gives another label ({', '.join(sorted(after))}) than"
    return None
