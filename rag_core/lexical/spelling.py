"""Stems of British spellings as those of American ones, so that either finds both."""

from __future__ import annotations

import re

# Organis(e), analys(e); a treatise is no treat, and paradise no parade.
_VERB = re.compile(r"(?!treatis|paradis)([a-z]{3,}i|[a-z]{2,}ly)s")
_SILENT = re.compile(
    r"(?<=[a-z]{3}o)u(?=r(?:hood|ist|it|less)?$)"  # colour, favourit(e)
    r"|a(?=em|esth|etiol)|(?<=p)a(?=ed)|(?<=rch)a(?=eo)|(?<=pal)a(?=eo)"  # anaem(ic), paediatr(ic)
    r"|(?<=gyn)a(?=ec)|(?<=^[cf])a(?=ec)|(?<=^c)o(?=eli)|(?<=^f)o(?=et)"  # gynaecolog(y), foetal
    r"|o(?=edem|esoph|estr)|(?<=hom)o(?=eo)|(?<=rrh)o(?=ea$|eo)"  # oestrogen, diarrhoea
)
_SPELLINGS = """
    aluminium:aluminum analogu:analog calibr:caliber catalogu:catalog centimetr:centimet
    centr:center defenc:defens dialogu:dialog epilogu:epilog fibr:fiber kilometr:kilomet
    licenc:licens litr:liter lustr:luster metr:meter micrometr:micromet millimetr:millimet
    monologu:monolog nanometr:nanomet offenc:offens practis:practic pretenc:pretens
    programm:program prologu:prolog sabr:saber sombr:somber spectr:specter theatr:theater
"""
_WORDS = dict(pair.split(":") for pair in _SPELLINGS.split())


def spell_american(stem: str) -> str:
    """The stem of an English word in American spelling; a verb in `-ize` or `-yze` whole.

    Also what has no other spelling may change (`promis`, `promize`): then so wherever it stands.
    """
    if stem in _WORDS:
        return _WORDS[stem]
    if verb := _VERB.fullmatch(stem):
        return f"{verb[1]}ze"
    return _SILENT.sub("", stem).replace("sulph", "sulf")
