"""A refusal is no query, and a query about being sorry is no refusal."""

from __future__ import annotations

import pytest

from inpars.generate.prompts import Malformed, Reading, load_template, read

REFUSALS = [
    "I'm sorry, but I can't assist with that request.",
    "I’m sorry, but I can’t help with that.",
    "Sorry, I cannot provide that.",
    "I apologize, but I am unable to generate a query for this text.",
    "I cannot fulfill your request.",
    "I can't help you with that.",
    "As an AI language model, I do not search.",
    "As a large language model trained by a company, I have no opinion.",
    "I'm just an AI, so I have no questions.",
    "Unfortunately, I won't be of use: I cannot create a query.",
    "I'm sorry, but there is no document in your message.",
    "I must respectfully decline.",
    "Please provide the document.",
    "It seems that no document was provided.",
    "抱歉，我无法满足这个请求。",
    "Lo siento, pero no puedo ayudar con eso.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "I cannot create content that promotes violence.",
    "I won't be able to write a query for that.",
    "I’m not comfortable generating that.",
    "I cannot answer this",
    "The document is empty.",
    "There is no document.",
    "The document does not contain enough information to write a query.",
    "I'd be happy to help! Please share the document.",
    "N/A",
    "None",
    "null",
    "(no query)",
    "No query possible.",
    "Error: upstream timeout",
    "Rate limit exceeded",
    "Tut mir leid, ich kann dir dabei nicht helfen.",
    "No puedo ayudar con eso.",
    "Je ne peux pas répondre à cette demande.",
    "我无法回答这个问题。",
    "\"I'm sorry, but I can't assist with that.\"",
    '{"query": "I\'m sorry, but I can\'t assist with that."}',
    "<think>Hm.</think>I'm sorry, but I can't assist with that request.",
]


@pytest.mark.parametrize("name", ["zero-shot", "chain-of-thought", "inpars"])
@pytest.mark.parametrize("answer", REFUSALS[:-2])
def test_a_refusal_is_dropped_as_one(name: str, answer: str) -> None:
    assert read(load_template(name), answer) == Malformed("the model refused")


@pytest.mark.parametrize("answer", REFUSALS[-2:])
def test_a_refusal_inside_something_is_dropped_as_one(answer: str) -> None:
    assert read(load_template("zero-shot"), answer) == Malformed("the model refused")


@pytest.mark.parametrize(
    "query",
    [
        "why am i sorry all the time",
        "sorry seems to be the hardest word meaning",
        "I can't help falling in love lyrics",
        "I'm sorry I can't come to work today email template",
        "i am unable to sleep what helps",
        "as an ai engineer how much can i earn",
        "As an AI researcher I need a GPU",
        "ai language model comparison",
        "unfortunately i can't breathe through my nose",
        "how to apologize in an email",
        "please provide proof of income form",
        "AI assistant jobs",
        "I can't help you with that meme",
        "i can't create a folder in windows",
        "the document is empty error word",
        "there is no document feed on my scanner",
        "none of the above meaning",
        "null pointer",
        "rate limit exceeded discord",
        "error: cannot find module express",
        "no puedo dormir que hago",
        "i am not comfortable driving at night",
    ],
)
def test_a_query_that_sounds_like_one_is_kept(query: str) -> None:
    assert read(load_template("zero-shot"), query) == Reading(query, 0, len(query))
