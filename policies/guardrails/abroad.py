"""Permissions, releases and carve-outs said in German, French, Spanish, Italian and Japanese.

There are few synonyms for these languages, so that one word of the clause in such a sentence is enough for a flag.
"""

import re
from functools import lru_cache

from policies.guardrails.frames import Frame
from policies.guardrails.narrowing import GENERIC

PERMITS = re.compile(
    r"\b(?:(?:ist|sind|geht|wäre) (?:\w+ ){0,2}(?:in ordnung|okay|ok|erlaubt|zulässig|kein problem|möglich|"
    r"unbedenklich|entbehrlich|verzichtbar)|(?:darf|dürfen|darfst|kann|können|kannst) "
    r"(?!nicht|nie|nur|kein)(?:[\wäöüß]+ ){0,8}?"
    r"(?:\w+en|\w+ern|\w+eln)\b|reicht|reichen|genügt|genügen|muss nicht|müssen nicht|musst nicht|"
    r"braucht (?:es )?kein\w*|ausnahmsweise|ruhig|gerne? auch|entfällt|entfallen|verzichte auf|"
    r"nicht (?:nötig|notwendig|erforderlich))\b|"
    r"\b(?:on peut|vous pouvez|tu peux|il est possible|c'est (?:permis|possible|acceptable)|pas besoin|inutile de|"
    r"il suffit|suffit|n'est pas nécessaire|exceptionnellement|n'hésite[sz]? pas|sans (?:attendre|vérifier|"
    r"demander))\b|"
    r"\b(?:se puede|puedes|pueden|puede|está bien|no hay problema|no hace falta|no es necesario|basta|bastan|"
    r"excepcionalmente|está permitido|no dudes|sin (?:esperar|verificar|comprobar|preguntar))\b|"
    r"\b(?:si può|puoi|possono|va bene|non serve|non è necessario|basta|eccezionalmente|è permesso|senza (?:attendere|"
    r"verificare|chiedere))\b"
)
PERMITS_JAPANESE = re.compile(
    r"て(?:も)?(?:かまいません|構いません|かまわない|構わない|よい|良い|いい|よろしい|大丈夫|差し支え)|"
    r"(?:必要|問題)(?:は|も)?(?:ありません|ない|ございません)|不要(?:です|とし)|省略(?:でき|して)|可能です|可とし|"
    r"(?:伝え|教え|案内し|約束し|見せ|渡し|話し)て(?:あげて|差し上げて)"
)
ENGLISH = re.compile(r"\b(?:the|you|of|and|to|are|they|is)\b")
"""Two of these make a sentence English, whose permissions are read elsewhere."""
ONLY = re.compile(r"\b(?:nur|ausschließlich|seulement|uniquement|solo|solamente|únicamente|soltanto)\b|のみ|だけ")


@lru_cache(maxsize=4096)
def _permits(new: Frame) -> bool:
    if ONLY.search(new.low):
        return False
    if not new.text.isascii() and PERMITS_JAPANESE.search(new.text):
        return True
    return not new.prohibits and len(ENGLISH.findall(new.low)) < 2 and PERMITS.search(new.low) is not None


def permits_abroad(old: Frame, new: Frame) -> bool:
    """Does a sentence in another language than English permit something and name a thing of the clause?"""
    return _permits(new) and not (old.content_set & new.content_set).issubset(GENERIC)
