"""A text to the language that it is written in, by its script and its commonest words."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

UNKNOWN = ""

# The commonest words that carry no meaning of their own. Measured on 31 languages against three
# libraries (decision 0014).
COMMON_WORDS = {
    "en": "the of and to in is that for it was with as on are this be by from or have not an which"
    " you were at but has his they their can its will if when there who what how your"
    " we use used any also may such only these more each all other into must before after",
    "de": "der die und das ist nicht ein eine zu mit von den dem des im auf für sich auch wird"
    " sind werden oder als nach bei wie aus an es einer einem einen wurde kann nur sie ich wir"
    " zum zur diese dieser dieses haben durch um bitte sein wann wer wo warum welche welcher"
    " welches wieviel viele",
    "fr": "le la les de des et est un une du que qui dans pour pas sur au avec ce il sont par"
    " plus ne se cette être ou vous à été aux ces nous votre n l d c peut sans mais fait quand où"
    " pourquoi quel quelle quels quelles comment combien",
    "es": "el la los las de que y en un una del por con para se es no al como más su lo pero este"
    " esta ser está son o sus ha fue puede hay cuando sobre entre también ya cuándo quién quiénes"
    " dónde cuál cuáles qué cómo cuánto cuántos cuántas",
    "it": "il di che la e per un non una del è in sono con si della i le da al più come dei nel"
    " gli alla questo delle essere lo o anche ha questa stato dell nella può quando chi dove"
    " perché quale quali cosa quanto quanti",
    "pt": "o de a que e do da em um para com não uma os no se na por mais as dos como ao das à"
    " seu sua ou é foi ser está são pelo pela este esta você pode também quando quem onde qual"
    " quais quanto quantos",
    "ca": "el la de que i a en un una del per amb els les és no al com més aquest aquesta són ha"
    " o dels ser seva pot aquests però si quan qui quin quina quants",
    "nl": "de het een van en in is dat op te zijn voor met niet aan er die wordt worden naar ook"
    " als maar bij om door kan of deze dit heeft u uw moet uit tot geen werd wanneer wie waar"
    " waarom welke hoe wat hoeveel",
    "sv": "och att det i en som är på för av med till den inte ett om har kan ska eller från vid"
    " du så men jag också måste detta denna de var inga när efter vem varför vilken vilket hur"
    " vad",
    "da": "og at det i en er på for af med til den ikke et de som har kan skal eller fra ved du"
    " der men jeg også være blive om dette denne ingen blev når efter hvad hvornår hvem hvor"
    " hvorfor hvilken hvordan",
    "no": "og å det i en er på for av med til den ikke et de som har kan skal eller fra ved du"
    " men jeg også være bli om dette denne ingen ble når etter hva må vær hvem hvor hvorfor"
    " hvilken hvordan",
    "fi": "ja on ei että se oli joka ovat kun myös mutta tai hän niin kuin ole sen tämä voi olla"
    " jos vain tässä mitä jotka ennen tätä saa pitää voit milloin kuka missä miksi mikä miten"
    " kuinka",
    "hu": "a az és hogy nem is egy van meg volt csak ez de mint vagy ha kell lehet nincs el már"
    " ezt azt ki még minden mikor hol miért hogyan mennyi",
    "ro": "de și în la nu o cu un pe că este să din care sunt mai pentru se ca au fi sau al ale"
    " prin acest această unei trebuie a fost când cine unde ce cum cât",
    "tr": "ve bir bu için ile olarak da de en çok daha olan gibi ne kadar sonra veya değil var"
    " ise olmalıdır her mi hiç yok zaman kim nerede neden hangi nasıl kaç",
    "pl": "i w nie na się z do to że jest o jak po za od są dla przez lub być który może tylko"
    " ten tej został oraz kiedy kto gdzie dlaczego jaki jaka jakie ile co",
    "cs": "a je v se na že s to z do pro jako o k za by byl jsou nebo být tento není musí tato"
    " nelze již jen ale kdy kdo kde proč jaký kolik co",
    "id": "yang dan di untuk dengan tidak ini dari dalam adalah pada akan ke itu atau oleh telah"
    " anda dapat bukan ada sebuah kapan siapa mana mengapa bagaimana berapa apa",
    "vi": "và của là có được cho không một các với trong này người đã để những bạn phải hoặc thể"
    " khi nào đâu gì bao nhiêu",
    "ru": "и в не на что с по это как для из он но был все также или от к у за а его быть может"
    " должно если до когда кто где почему какой какая какие сколько",
    "uk": "і в не на що з до це як для та є або від у за його бути може якщо й цього коли хто де"
    " чому який скільки",
    "bg": "и на да в за се от не са с е това като или по този тази бъде до може кога кой къде"
    " защо какъв колко",
    "ar": "في من على أن إلى هذا هذه التي الذي عن مع كان لا ما أو هو هي لم قد كل بعد ذلك متى أين"
    " لماذا كيف كم ماذا هل",
    "fa": "و در به از که این است را با برای آن یک نمی می شده باید هر کی کجا چرا چگونه چند چه",
    "el": "και το να του η της με που την από για είναι τον σε ο οι στο δεν θα τα των στην μια"
    " ένα ή αυτό πρέπει τη πότε ποιος πού γιατί ποια πώς πόσο τι",
    "hi": "के का की है में से को और पर ने कि यह हैं नहीं एक भी ही तो था हो इस लिए करें या कब कौन"
    " कहाँ क्यों कैसे कितने क्या",
    "ta": "மற்றும் ஒரு இந்த என்று அது என அந்த இது உள்ள ஆகும்",
}
"""By ISO 639-1 code, of languages whose script or whose common words tell nothing by themselves."""

# Letters that few languages have.
_LETTERS = {
    "de": "ß", "es": "ñ¿¡", "pt": "ãõ", "hu": "őű", "pl": "łżęąśź", "cs": "řěů", "ro": "șțăşţ",
    "tr": "ğış", "da": "øæ", "no": "øæ", "vi": "đơưạảấầẩậắằẵặẹẻẽếềểễệỉịọỏốồổộớờởợụủứừửữựỳỵỷỹ",
    "ru": "ыэё", "uk": "іїєґ", "bg": "ъ", "fa": "پچژگی", "ca": "·",
}  # fmt: skip


_LATIN = "en de fr es it pt ca nl sv da no fi hu ro tr pl cs id vi"
_SCRIPTS = (
    (0x0000, _LATIN),
    (0x0370, "el"), (0x0400, "ru uk bg"), (0x0530, "hy"), (0x0590, "he"), (0x0600, "ar fa"),
    (0x0780, ""), (0x0900, "hi"), (0x0980, "bn"), (0x0A00, "pa"), (0x0A80, "gu"), (0x0B00, "or"),
    (0x0B80, "ta"), (0x0C00, "te"), (0x0C80, "kn"), (0x0D00, "ml"), (0x0D80, "si"), (0x0E00, "th"),
    (0x0E80, "lo"), (0x0F00, "bo"), (0x1000, "my"), (0x10A0, "ka"), (0x1100, "ko"), (0x1200, "am"),
    (0x13A0, ""), (0x1780, "km"), (0x1800, ""), (0x1E00, _LATIN), (0x1F00, "el"), (0x2000, ""),
    (0x3005, "zh"), (0x3041, "ja"), (0x3100, "zh"), (0x3131, "ko"), (0x3190, "zh"), (0xA000, ""),
    (0xAC00, "ko"), (0xD7FC, ""), (0xF900, "zh"), (0xFB00, ""), (0x20000, "zh"), (0x32400, ""),
)  # fmt: skip
"""Where a script begins, and the languages that are written in it."""
_STARTS = [start for start, _ in _SCRIPTS]
LANGUAGES = frozenset(language for _, ones in _SCRIPTS for language in ones.split())
"""All that `detect_language` can name."""

_WINDOWS = 4
_WINDOW_CHARACTERS = 300
"""So much of a text is read, of its beginning, its middle and its end."""
_WORD = re.compile(r"[^\W\d_]+")
_SINGLE = re.compile(r"\b[a-z]\b")
_LEAST_FOREIGN = 0.25
"""The share of a text's letters, above which it is not of the Latin script."""
_LEAST_KANA = 0.05
"""The share of kana in a Japanese text, which is Chinese without them."""
_LEAST_COMMON = 0.06
"""The share of common words in a text of any language; lists and code have fewer."""
_CLEARLY = 3
"""Times as much must speak for another language than for the likely one."""

_NO_LETTERS = Counter[str]()
_Marks = dict[str, list[tuple[str, float]]]


def detect_language(text: str, *, likely: str = UNKNOWN) -> str:
    """Name the language of a text in ISO 639-1, by at most 1,200 of its characters.

    `likely`, such as the language of the document that the text is a part of, stands when the text
    does not clearly speak for another. Empty when it cannot be told: there are no sentences, or the
    language is none that we know.
    """
    sample = _take_sample(text).lower()
    if sample.isascii():
        return _by_words(sample, _LATIN, likely=likely)
    letters = Counter({letter: n for letter, n in Counter(sample).items() if letter.isalpha()})
    languages = _find_script(letters)
    if " " not in languages:
        return languages
    return _by_words(sample, languages, letters, likely=likely)


def known_language(claimed: str) -> str:
    """A language that somebody names, when `detect_language` could have named it; else none."""
    return claimed if claimed in LANGUAGES else UNKNOWN


def _find_script(letters: Counter[str]) -> str:
    """The languages of the script of most letters; Latin letters stand in texts of every script."""
    scripts = Counter[str]()
    for letter, times in letters.items():
        scripts[_script(letter)] += times
    latin = scripts.pop(_LATIN, 0)
    if scripts.total() <= _LEAST_FOREIGN * (latin + scripts.total()):
        return _LATIN
    if scripts["ja"] > _LEAST_KANA * (scripts["ja"] + scripts["zh"]):
        return "ja"
    return scripts.most_common(1)[0][0]


def _take_sample(text: str) -> str:
    if len(text) <= _WINDOWS * _WINDOW_CHARACTERS:
        return text
    step = (len(text) - _WINDOW_CHARACTERS) // (_WINDOWS - 1)
    starts = range(0, _WINDOWS * step, step)
    return " ".join(text[start : start + _WINDOW_CHARACTERS] for start in starts)


def _script(letter: str) -> str:
    return _SCRIPTS[bisect(_STARTS, ord(letter)) - 1][1]


def _by_words(
    sample: str, languages: str, letters: Counter[str] = _NO_LETTERS, *, likely: str
) -> str:
    """Tell languages of one script apart by their common words and the letters of their own."""
    words = Counter(_WORD.findall(sample))
    score = dict.fromkeys([*languages.split(), likely], 0.0)
    _add_up(score, words, _words(languages))
    _add_up(score, letters, _letters(languages))
    best = max(score, key=score.__getitem__)
    if likely and score[best] < _CLEARLY * (score[likely] + 1):
        return likely
    enough = score[best] > 0 and score[best] >= _LEAST_COMMON * words.total()
    return best if enough else likely


def _add_up(score: dict[str, float], counted: Counter[str], marks: _Marks) -> None:
    # In order, so that sums and ties are the same in every process.
    for mark in sorted(counted.keys() & marks.keys()):
        for language, weight in marks[mark]:
            score[language] += weight * counted[mark]


@lru_cache
def _words(languages: str) -> _Marks:
    # Single letters of ASCII are names in code and formulas more often than words.
    return _weigh({one: _SINGLE.sub("", COMMON_WORDS[one]).split() for one in languages.split()})


@lru_cache
def _letters(languages: str) -> _Marks:
    return _weigh({one: _LETTERS.get(one, "") for one in languages.split()})


def _weigh(marks: Mapping[str, Iterable[str]]) -> _Marks:
    """Each mark with the languages that it speaks for; for each of several it speaks less."""
    spoken: dict[str, list[str]] = {}
    for language, ones in marks.items():
        for mark in dict.fromkeys(ones):
            spoken.setdefault(mark, []).append(language)
    return {mark: [(one, len(ones) ** -0.5) for one in ones] for mark, ones in spoken.items()}
