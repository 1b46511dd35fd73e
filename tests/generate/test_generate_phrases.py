from __future__ import annotations

import pytest

from inpars.data.corpora.memory import MemoryCorpus
from inpars.data.records import Document
from inpars.generate.backends.extractive import Extractive
from inpars.generate.config import GenerateConfig
from inpars.generate.phrases import phrases
from inpars.generate.unigram import words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("冰川缓慢地向山下移动", ["冰川缓慢", "地", "向", "山下", "移动"]),
        ("博物館這個月對學生免費開放", ["博物館", "這", "個", "月", "對", "學生", "免費", "開放"]),
        ("氷河はゆっくりと谷を下る", ["氷河は", "ゆっくりと", "谷を", "下る"]),
        ("the slow glacier", ["the slow glacier"]),
    ],
)
def test_text_without_blanks_is_cut_into_phrases(text: str, parts: list[str]) -> None:
    assert "".join(phrases(text)) == text
    assert phrases(text) == parts


def test_words_between_blanks_are_whole_in_scripts_with_vowel_signs() -> None:
    assert words("हिन्दी की किताबें, state-of-the-art") == ["हिन्दी", "की", "किताबें", "state-of-the-art"]


CHINESE = (
    "冰川在自身重量的作用下缓慢地向山下移动。冰川底部的融水使它滑动得更快。",
    "蜜蜂用舞蹈告诉同伴花朵的位置。舞蹈的角度表示太阳的方向。它们能飞很远。",
    "玄武岩熔岩含硅很少，流动得非常快。流纹岩很黏稠，常常会发生爆炸。火山因此不同。",
)


@pytest.mark.parametrize("kind", ["sentence", "keywords", "terms"])
def test_queries_of_every_kind_are_taken_from_text_without_blanks(kind: str) -> None:
    corpus = MemoryCorpus(Document(f"d{n}", text) for n, text in enumerate(CHINESE))
    mixture = {name: float(name == kind) for name in ("title", "heading", "sentence", "keywords", "terms")}
    writer = Extractive(corpus, GenerateConfig(extractive={"mixture": mixture, "hide": 1.0, "max_words": 8}))
    for written in writer.write(corpus):
        (query,) = written.queries
        pieces = [query.query] if kind == "sentence" else query.query.split()
        text = "".join(CHINESE) if kind == "terms" else corpus[written.doc_id].text
        assert all(piece in text and len(piece) > 1 for piece in pieces)
        assert 2 < len(query.query) < 25
        if kind == "sentence":
            assert query.query not in query.doc_text
            assert not query.query.endswith("，")


def test_a_cut_out_stretch_leaves_no_copy_amid_other_characters() -> None:
    corpus = MemoryCorpus(
        [Document("a", "蜜蜂用舞蹈告诉同伴。他说蜜蜂用舞蹈告诉同伴花朵的位置。它们能飞很远很远很远。")]
    )
    mixture = {"title": 0, "heading": 0, "sentence": 1, "keywords": 0, "terms": 0}
    for seed in range(20):
        writer = Extractive(corpus, GenerateConfig(seed=seed, extractive={"mixture": mixture, "hide": 1.0}))
        for query in next(iter(writer.write(corpus))).queries:
            assert query.query.rstrip("。") not in query.doc_text
