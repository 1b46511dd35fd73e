"""The language of a corpus: as it is named, or recognised from the text."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from inpars.errors import OptionError
from inpars.options import O
from inpars.progress import say

if TYPE_CHECKING:
    from inpars.data.corpora import Corpus

AUTO = "auto"
"""In place of a language: recognise it."""

DEFAULT = "en"

_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it "
    "iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt "
    "my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl "
    "sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo "
    "za zh zu"
)
LANGUAGES = frozenset(_ISO_639_1.split())

_READ = 500
"""Characters of a document that its language is recognised by."""

_SAMPLE = 200
"""Documents that a corpus's language is recognised by."""

_MARGIN = 10.0
"""How much likelier, in natural logarithms, a language must be than the next: a word or two decide nothing."""

_VARIETIES = {"wuu": "zh", "yue": "zh", "lzh": "zh", "ary": "ar", "arz": "ar", "apc": "ar", "azb": "az", "ckb": "ku"}
"""What the identifier tells apart and is written alike."""


class Recognised(NamedTuple):
    """The language of a corpus (ISO 639-1), and how many of the documents looked at are in it by themselves.

    Where there is too little text to tell, `language` is `DEFAULT` and `alone` 0.
    """

    language: str
    alone: int
    documents: int

    def __str__(self) -> str:
        if not self.alone:
            return f"{self.language}, the default: too little text to recognise one"
        return f"{self.language}, {self.alone / self.documents:.0%} of {self.documents:,} documents"


def language_of(corpus: Corpus, language: str) -> str:
    """The ISO 639-1 code of `language`, or for "auto" of the language that the corpus is recognised to be in.

    What is recognised is printed, once in a process. `OptionError` for what is no language.
    """
    if language != AUTO:
        return known_language(language)
    identity = corpus.fingerprint()
    if identity not in _RECOGNISED:
        _RECOGNISED[identity] = found = recognise([document.contents for document in corpus.sample(_SAMPLE, 0)])
        say(f"language: {found}")
    return _RECOGNISED[identity].language


_RECOGNISED: dict[str, Recognised] = {}


def in_language_of(corpus: Corpus, options: O) -> O:
    """`options` with the language that `corpus` is in, where their `language` is "auto"."""
    values: Any = options
    if values.language != AUTO:
        return options
    return options.model_copy(update={"language": language_of(corpus, AUTO)})


def check_language(language: str) -> None:
    """`OptionError` for what is neither "auto" nor a language."""
    if language != AUTO:
        known_language(language)


def known_language(language: str) -> str:
    """The ISO 639-1 code of a language, which may come with a region (`pt-BR`); `OptionError` for anything else."""
    code = re.split("[-_]", language.lower())[0]
    if code not in LANGUAGES:
        suggestion = f"did you mean {code[:2]!r}? " if code[:2] in LANGUAGES else ""
        raise OptionError(
            f"unknown language {language!r}",
            hint=f"{suggestion}give an ISO 639-1 code, such as de, pt-BR or ja; auto recognises it from the text",
        )
    return code


def recognise(texts: list[str]) -> Recognised:
    """The language that `texts` are in, by the n-grams of all of them together (langid: Lui and Baldwin 2012)."""
    texts = [unicodedata.normalize("NFKC", text[:_READ]) for text in texts]
    ranking = _likeliest(" ".join(texts))
    if len(ranking) < 2 or ranking[0][1] - ranking[1][1] < _MARGIN:
        return Recognised(DEFAULT, 0, len(texts))
    language = ranking[0][0]
    alone = sum(next(iter(_likeliest(text)), ("", 0.0))[0] == language for text in texts)
    return Recognised(language, max(alone, 1), len(texts))


def _likeliest(text: str) -> list[tuple[str, float]]:
    """Languages with an ISO 639-1 code, the likeliest first, each with its log-likelihood; none for no letters."""
    from py3langid import rank

    if not any(map(str.isalpha, text)):
        return []
    found: dict[str, float] = {}
    for code, score in rank(text):
        code = _VARIETIES.get(code, code)
        if code in LANGUAGES:
            found.setdefault(code, score)
    return list(found.items())
