"""A question's language by its little words, and which of these point back at what was said.

A dozen words a language are enough: a wrong guess costs a search more, or one less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(r"\w+(?:[-.]\w+)*")
"""As a reader counts them: `GPT-4`, `3.11`; the apostrophe parts `l'auteur`."""
LITTLE_WORD = re.compile(r"[^\W\d_]+")
"""The hyphen parts `a-t-elle`."""


@dataclass(frozen=True, slots=True)
class Language:
    """The little words of a language, all in lower case."""

    function: frozenset[str]
    """Say nothing alone."""
    pointing: frozenset[str]
    """Pronouns and the like, which stand for something named before."""
    opening: frozenset[str]
    """What a question begins with that goes on from another."""

    def knows(self, word: str) -> bool:
        """Whether a word is one of the little ones."""
        return word in self.function or word in self.pointing or word in self.opening


def _language(function: str, pointing: str, opening: str) -> Language:
    return Language(_words(function), _words(pointing), _words(opening))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _language(
    """i me my we us our you your what which who whom whose is are was were be been being am has
    have had do does did will would can could shall should may might must a an the if because as
    until while of at by for with about against between into through during before after above
    below to from up down in on off over under again further here when where why how all any both
    each few more most some such no nor not only same than too very just much many tell say give
    show explain describe list name please s t d ll re ve get got called there that""",
    "it its itself they them their theirs he him his she her hers this these those former latter",
    "and but or so also then otherwise besides",
)
GERMAN = _language(
    """der die das des dem den ein eine einen einem einer eines was wer wem wen wie wo wann warum
    wieso woher wohin welche welcher welches welchen ist sind war waren wird werden wurde hat haben
    hatte kann können muss soll von vom zu zum zur in im am an auf für mit bei nach aus über unter
    gibt ich wir man nicht als bis durch ohne um viel viele heißt sich""",
    """er sie es ihn ihm ihr ihre ihren ihrem ihrer ihres sein seine seinen seinem seiner seines
    dessen deren denen dies diese dieser dieses diesen diesem jene jener dort davon dafür damit dazu
    darüber dabei daran darin darauf daraus dadurch dagegen daneben""",
    "und aber oder auch sonst außerdem",
)
FRENCH = _language(
    """le la les l d un une des du de au aux est sont était a ont que qu qui quoi quel quelle quels
    quelles quand où comment combien pourquoi dans par pour sur avec sans en y se s n ne pas c t je
    nous vous on être avoir fait peut plus c'est il""",
    "elle ils elles lui leur leurs son sa ses celui celle ceux celles cela ça ceci cet cette ces",
    "et mais ou aussi sinon",
)
SPANISH = _language(
    """el la los las un una unos unas de del al es son fue era fueron está están hay ha han que qué
    quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde cómo por para con sin en se
    me nos puede se llama no más como a""",
    """él ella ellos ellas ello su sus suyo suya esto eso ese esa esos esas estos estas este esta
    aquel aquella ahí allí""",
    "y e pero o también entonces",
)
ITALIAN = _language(
    """il lo la i gli le l un uno una di del dello della dei degli delle al alla è sono era erano ha
    hanno che chi cosa quale quali quando quanto quanta quanti quante dove come perché per con senza
    in nel nella da dal si mi ci non più può""",
    """lui lei loro esso essa essi esse suo sua suoi sue questo questa questi queste quello quella
    quelli quelle ciò lì là""",
    "e ma o anche allora",
)
PORTUGUESE = _language(
    """o a os as um uma uns umas de do da dos das ao à é são foi foram era está há tem têm que quem
    qual quais quando quanto quanta quantos quantas onde como porquê por para com sem em no na nos
    nas se não mais pode""",
    """ele ela eles elas seu sua seus suas dele dela deles delas isto isso aquilo este esta estes
    estas esse essa esses essas nele nela ali lá""",
    "e mas ou também então",
)
DUTCH = _language(
    """de het een is zijn was waren wordt worden heeft hebben kan kunnen van voor met zonder in op
    aan bij uit naar over onder door om wat wie waar wanneer waarom hoe welk welke veel er ik wij je
    niet te als""",
    "hij zij ze hem haar hun dit deze die daar daarvan ervan daarmee ermee daarin erin daarvoor",
    "en maar of ook dan",
)
RUSSIAN = _language(
    """что кто где когда как почему зачем сколько какой какая какое какие чем в на с со по из от до
    для у о об и не был была было были есть это ли за к""",
    """он она оно они его её ее их ему ей им ним ней них этот эта эти этого этой этих тот та те там
    этому нему неё нее""",
    "а и но или также ещё еще тогда",
)
SMALL_TALK = _words(
    """hi hello hey thanks thank cheers ok okay great bye hallo danke tschüss bonjour bonsoir salut
    merci hola gracias adiós ciao grazie buongiorno olá obrigado obrigada hoi dank bedankt
    goedemorgen привет спасибо 谢谢 你好 ありがとう こんにちは 감사합니다 안녕하세요"""
)
_WITH_SMALL_TALK = _words(
    """you very much so there a lot for that this your the help helps helpful answer vielen schön
    sehr die hilfe beaucoup muchas mille molte muito muita hartelijk
    je wel"""
)
_GREETINGS = frozenset(
    (
        "good morning",
        "good afternoon",
        "good evening",
        "good day",
        "guten morgen",
        "guten tag",
        "guten abend",
        "buenos días",
        "buenas tardes",
        "buenas noches",
        "buona sera",
        "bom dia",
        "boa tarde",
        "boa noite",
        "goede morgen",
        "добрый день",
        "доброе утро",
        "добрый вечер",
        "早上好",
        "おはようございます",
        "안녕하십니까",
    )
)
LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, RUSSIAN)

UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Scripts without spaces between words."""
_POINTING_UNSPACED = re.compile(
    r"[它他她]|这[个些里种是]|那[个些里么种是]|其中|其他|^[那还]|呢[？?]?\s*$"
    r"|それ|これ|あれ|その|この|あの|彼|そこ|^(?:では|じゃあ|でも|また)|は[？?]?\s*$"
)
_POINTING_KOREAN = re.compile(
    r"그것|이것|저것|그들|그녀|그는|그의|거기|^(?:그럼|그리고|그런데|그러면)"
)


def find_language(words: list[str]) -> Language | None:
    """The language that knows most of the words, in lower case; None when none knows any."""
    known = [sum(map(language.knows, words)) for language in LANGUAGES]
    most = max(known)
    return LANGUAGES[known.index(most)] if most else None


def is_small_talk(words: list[str]) -> bool:
    """Whether words, in lower case, are a greeting or thanks and nothing else."""
    said = set(words)
    if " ".join(words) in _GREETINGS:
        return True
    return bool(said & SMALL_TALK) and said <= SMALL_TALK | _WITH_SMALL_TALK


def points_without_spaces(question: str) -> bool:
    """Whether a question in Chinese, Japanese or Korean points back."""
    return bool(_POINTING_UNSPACED.search(question) or _POINTING_KOREAN.search(question))
