"""What a question begins with → whether it goes on from the turn before, corrects it, or leaves it.

As with the little words, a few phrases a language are enough.
"""

from __future__ import annotations

import re

from rag_api.function_words import LITTLE_WORD, WORD

_LONGEST_FRAGMENT = 8
"""Words."""

_GOING_ON = re.compile(
    r"\W*(?:(?:what|how) about|was ist mit|wie (?:ist|sieht) es|qu[’']en est-il|et pour"
    r"|(?:y )?qué (?:tal|hay de|pasa con)|e quanto a|e que tal|hoe zit het met)\b",
    re.IGNORECASE,
)
_CORRECTING = re.compile(
    r"\W*(?:(?:no|nope|sorry|pardon|nein|nee|non|não|нет|perdón|scusa|desculpa)\b\W+)*"
    r"(?:(?:but )?i (?:meant|mean|was asking (?:about|for))"
    r"|(?:the )?same (?:question|thing|for|with|but)"
    r"|(?:aber )?ich (?:meinte|meine)|(?:die )?(?:selbe|gleiche) frage|dasselbe|das gleiche"
    r"|je (?:voulais dire|veux dire|parlais d[eu’'])|(?:la )?même (?:question|chose)"
    r"|(?:yo )?(?:me refería a[l]?|me refiero a[l]?|quise decir|quería decir)|lo mismo"
    r"|(?:io )?(?:intendevo|volevo dire)|lo stesso|(?:eu )?(?:quis dizer|queria dizer)|o mesmo"
    r"|ik bedoel(?:de)?|(?:de)?zelfde(?: vraag)?|я имел[а]? в виду|то же)\b"
    r"|\W*(?:no|nein|nee|non|não|нет)\s*[,;!]"
    r"|(?:不是|不对|不)[，,。]|我是说|我指的是|いいえ|いや、|違います|아니요|아니,|아니오",
    re.IGNORECASE,
)
_LEAVING = re.compile(
    r"\W*(?:(?:now|and|ok(?:ay)?|jetzt|und|maintenant|et|ahora|y)\b\W+)*"
    r"(?:(?:a |one )?(?:new|another|different|next) (?:topic|question|subject)"
    r"|let(?:[’']s| us) (?:talk about|turn to|discuss) something (?:else|different)"
    r"|(?:eine )?(?:neue|andere|weitere|nächste) frage|(?:ein )?(?:neues|anderes) thema"
    r"|themenwechsel|(?:une )?(?:autre|nouvelle) question|changeons de sujet"
    r"|(?:una )?otra pregunta|cambi(?:ando|emos) de tema|(?:un[’'])?altra domanda"
    r"|cambiamo argomento|(?:uma )?outra pergunta|mudando de assunto|(?:een )?andere vraag"
    r"|другой вопрос|сменим тему)\b\W*"
    r"|(?:换个话题|另一个问题|別の質問(?:ですが)?|話は変わりますが|다른 질문(?:인데요)?)\W*",
    re.IGNORECASE,
)
# fmt: off
_RELATING = frozenset((
    "for", "in", "with", "without", "at", "from", "under", "since", "until", "during", "instead",
    "per", "für", "bei", "mit", "ohne", "nach", "von", "ab", "seit", "im", "am", "pour", "dans",
    "avec", "sans", "chez", "depuis", "à", "en", "para", "con", "sin", "desde", "senza",
    "nel", "nella", "com", "sem", "voor", "met", "zonder", "bij", "для", "в", "с",
    "без", "на", "при",
))
_ASKING = frozenset((
    "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "is", "are", "was",
    "were", "do", "does", "did", "can", "could", "will", "would", "should", "has", "have", "had",
    "may", "must", "wer", "wem", "wen", "wie", "wo", "wann", "warum", "wieso", "woher", "wohin",
    "welche", "welcher", "welches", "welchem", "welchen", "ist", "sind", "war", "waren", "wird",
    "werden", "wurde", "wurden", "hat", "haben", "hatte", "kann", "können", "muss", "soll", "gibt",
    "qui", "quoi", "quel", "quelle", "quels", "quelles", "quand", "où", "comment", "combien",
    "pourquoi", "est", "sont", "était", "ont", "peut", "qué", "quién", "quiénes", "cuál", "cuáles",
    "cuándo", "cuánto", "cuánta", "cuántos", "cuántas", "dónde", "cómo", "es", "son", "fue", "hay",
    "puede", "chi", "cosa", "quale", "quali", "quando", "quanto", "quanti", "quante", "quanta",
    "dove", "come", "perché", "è", "sono", "era", "può", "quem", "qual", "quais", "quantos",
    "quantas", "onde", "como", "é", "são", "foi", "há", "tem", "pode", "wat", "waar", "wanneer",
    "waarom", "hoe", "welk", "zijn", "wordt", "heeft", "что", "кто", "где", "когда", "как",
    "почему", "зачем", "сколько", "какой", "какая", "какое", "какие", "каком",
))
# fmt: on


def goes_on(question: str) -> bool:
    """Whether it begins as one that goes on from another, such as "what about"."""
    return _GOING_ON.match(question) is not None


def drop_correction(question: str) -> str:
    """Leave out a beginning that corrects the question before, such as "no, I meant"."""
    return _CORRECTING.sub("", question, count=1) if _CORRECTING.match(question) else question


def drop_announcement(question: str) -> str:
    """Leave out a beginning that says that another topic follows."""
    found = _LEAVING.match(question)
    return question[found.end() :] if found else question


def is_fragment(question: str) -> bool:
    """Whether it is a part of a sentence that asks nothing itself, such as "for the Pro plan?"."""
    words = [word.lower() for word in WORD.findall(question)]
    if not words or len(words) > _LONGEST_FRAGMENT or words[0] not in _RELATING:
        return False
    return _ASKING.isdisjoint(LITTLE_WORD.findall(question.lower()))
