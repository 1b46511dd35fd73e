"""Titles and texts of files with markup: front matter and headings."""

import pytest

from inpars.data.corpora.markdown import plain_title_and_text, title_and_text

MD, RST, TXT = ".md", ".rst", ".txt"


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("---\ntitle: Wings\ntags: [a, b]\n---\n", "Wings"),
        ('---\nlayout: post\ntitle: "Wings: and drag"\n---\n\n', "Wings: and drag"),
        ("---\r\ntitle: 'Wings'\r\n---\r\n", "Wings"),
        ("---\ntitle: >-\n  Wings\n  and drag\n...\n", "Wings and drag"),
        ("--- \nTitle: Wings\n---\t\n", "Wings"),
        ("---\ntitle: 2024-01-02\n---\n", "2024-01-02"),
        ("---\ntitle: 007\n---\n", "007"),
        ("---\ntitle: Wings: and drag\n---\n", "Wings: and drag"),
        ("---\nlayout: post\ntitle: {{ page.name }}: x\n---\n", "{{ page.name }}: x"),
        ("---\n# a comment\ndate: 2024-01-02\n---\n", ""),
        ("---\ntitle:\n---\n", ""),
        ("---\ntitle: null\n---\n", ""),
        ("---\ntitle: ~\n---\n", ""),
        ("---\ntitle: [a, b]\n---\n", ""),
        ("---\n---\n", ""),
        ("---\ntext: |\n  a\n  --- b\ntitle: Wings\n---\n", "Wings"),
        ('+++\ntitle = "Wings"\ndate = 2024-01-02\n[params]\n  a = 1\n+++\n', "Wings"),
        ("+++\r\ntitle = 'Wings'\r\n+++\r\n", "Wings"),
        ('{\n  "title": "Wings",\n  "tags": ["a"]\n}\n\n', "Wings"),
        ('{"title": "Wings"}\n', "Wings"),
    ],
)
def test_front_matter_is_no_text_and_its_title_is_the_title(front: str, title: str) -> None:
    assert title_and_text(f"{front}They lift.\n\n---\nMore. ", ".mdx") == (title, "They lift.\n\n---\nMore.")


@pytest.mark.parametrize(("suffix", "title"), [(MD, "Wings in C#"), (TXT, "Wings in C# ##")])
def test_the_signs_that_close_a_heading_are_no_part_of_it(suffix: str, title: str) -> None:
    assert title_and_text("## Wings in C# ##\nThey lift.", suffix) == (title, "They lift.")


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA paragraph.\n\n---\nmore",
        "---\nA paragraph between lines.\n---\nmore",
        "---\n- a list\n- of things\n---\nmore",
        "---\ntitle: never closed\n\nmore",
        "----\ntitle: x\n----\nmore",
        "+++\nnot toml at all\n+++\nmore",
        "+++\ntitle: x\n---\nmore",
        "{not json}\nmore",
        '{"title": "x"} and more in the line',
        '{{< shortcode >}}\n{"a": 1}',
        "[1, 2]\nmore",
    ],
)
def test_what_only_looks_like_front_matter_stays_text(text: str) -> None:
    assert title_and_text(text, MD) == ("", text)


@pytest.mark.parametrize("suffix", [TXT, ".text", RST])
def test_only_markdown_has_front_matter(suffix: str) -> None:
    text = "---\ntitle: x\n---\nmore"
    assert title_and_text(text, suffix) == ("", text)


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("# Wings #1\n\nThey lift.", "Wings #1", "They lift."),
        ("Wings\n=====\n\nThey lift.", "Wings", "They lift."),
        ("Wings and drag\n---\nThey lift.", "Wings and drag", "They lift."),
        ("W\r\n=\r\nThey lift.", "W", "They lift."),
        ("**Wings**\n=====\nThey lift.", "**Wings**", "They lift."),
        ("Wings\n=====", "Wings", ""),
        ("Wings\n-\nThey lift.", "", "Wings\n-\nThey lift."),
        ("Wings\n\n=====\nThey lift.", "", "Wings\n\n=====\nThey lift."),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("- a\n---\nb", "", "- a\n---\nb"),
        ("> a\n---\nb", "", "> a\n---\nb"),
        ("```\n===\n```", "", "```\n===\n```"),
    ],
)
def test_a_markdown_heading_has_number_signs_or_is_underlined(text: str, title: str, rest: str) -> None:
    assert title_and_text(text, MD) == (title, rest)


def test_a_heading_below_front_matter_is_the_title_where_that_has_none_and_is_not_repeated() -> None:
    assert title_and_text("---\ndate: x\n---\n\n# Wings\nThey lift.", MD) == ("Wings", "They lift.")
    assert title_and_text("---\ntitle: Wings\n---\n# Wings\nThey lift.", MD) == ("Wings", "They lift.")
    assert title_and_text("---\ntitle: Wings\n---\n# Lift\nThey lift.", MD) == ("Wings", "# Lift\nThey lift.")


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("Wings\n=====\n\nThey lift.", "Wings", "They lift."),
        ("======\nWings\n======\n\nThey lift.", "Wings", "They lift."),
        ("Wings\n~~~~~\nThey lift.", "Wings", "They lift."),
        ("Wings and drag\n====\nThey lift.", "Wings and drag", "They lift."),
        ("Wings and drag\n...\nThey lift.", "", "Wings and drag\n...\nThey lift."),
        ("====  ====\nWings drag\n====  ====", "", "====  ====\nWings drag\n====  ===="),
    ],
)
def test_a_heading_in_restructured_text_is_underlined_by_any_sign(text: str, title: str, rest: str) -> None:
    assert title_and_text(text, RST) == (title, rest)


def test_plain_text_has_headings_with_number_signs_only() -> None:
    assert title_and_text("Wings\n=====\n", TXT) == ("", "Wings\n=====")
    assert title_and_text("# Wings\nlift", TXT) == plain_title_and_text("# Wings\nlift") == ("Wings", "lift")
