"""The published prompts, word for word as the InPars toolkit renders them (templates.yaml at f88c92b)."""

from __future__ import annotations

from inpars.data.records import Document
from inpars.generate.prompts import Prompter, load_template
from inpars.models.language.tokenizers import EstimatedTokenizer

INPARS = """\
Example 1:
Document: We don't know a lot about the effects of caffeine during pregnancy on you and your baby. So it's best to limit the amount you get each day. If you are pregnant, limit caffeine to 200 milligrams each day. This is about the amount in 1½ 8-ounce cups of coffee or one 12-ounce cup of coffee.
Relevant Query: Is a little caffeine ok during pregnancy?

Example 2:
Document: Passiflora herbertiana. A rare passion fruit native to Australia. Fruits are green-skinned, white fleshed, with an unknown edible rating. Some sources list the fruit as edible, sweet and tasty, while others list the fruits as being bitter and inedible.assiflora herbertiana. A rare passion fruit native to Australia. Fruits are green-skinned, white fleshed, with an unknown edible rating. Some sources list the fruit as edible, sweet and tasty, while others list the fruits as being bitter and inedible.
Relevant Query: What fruit is native to Australia?

Example 3:
Document: The Canadian Armed Forces. 1  The first large-scale Canadian peacekeeping mission started in Egypt on November 24, 1956. 2  There are approximately 65,000 Regular Force and 25,000 reservist members in the Canadian military. 3  In Canada, August 9 is designated as National Peacekeepers' Day.
Relevant Query: How large is the canadian military?

Example 4:
Document: Wings carry aircraft.
Relevant Query:"""  # noqa: E501

GBQ = """\
Example 1:
Document: We don't know a lot about the effects of caffeine during pregnancy on you and your baby. So it's best to limit the amount you get each day. If you are pregnant, limit caffeine to 200 milligrams each day. This is about the amount in 1½ 8-ounce cups of coffee or one 12-ounce cup of coffee.
Good Question: How much caffeine is ok for a pregnant woman to have?
Bad Question: Is a little caffeine ok during pregnancy?

Example 2:
Document: Passiflora herbertiana. A rare passion fruit native to Australia. Fruits are green-skinned, white fleshed, with an unknown edible rating. Some sources list the fruit as edible, sweet and tasty, while others list the fruits as being bitter and inedible.
Good Question: What is Passiflora herbertiana (a rare passion fruit) and how does it taste like?
Bad Question: What fruit is native to Australia?

Example 3:
Document: The Canadian Armed Forces. 1  The first large-scale Canadian peacekeeping mission started in Egypt on November 24, 1956. 2  There are approximately 65,000 Regular Force and 25,000 reservist members in the Canadian military. 3  In Canada, August 9 is designated as National Peacekeepers' Day.
Good Question: Information on the Canadian Armed Forces size and history.
Bad Question: How large is the Canadian military?

Example 4:
Document: Wings carry aircraft.
Good Question:"""  # noqa: E501


def rendered(name: str) -> str:
    prompter = Prompter(
        load_template(name),
        [],
        EstimatedTokenizer(),
        max_doc_length=256,
        max_query_length=200,
        max_prompt_length=2048,
        max_new_tokens=64,
    )
    return prompter.prompt(Document("d", "Wings carry aircraft.")).prompt.text


def test_inpars() -> None:
    assert rendered("inpars") == INPARS


def test_inpars_guided_by_bad_questions() -> None:
    assert rendered("inpars-gbq") == GBQ
