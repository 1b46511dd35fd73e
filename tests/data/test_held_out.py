from pathlib import Path

from inpars.data.held_out import HeldOut
from inpars.data.records import Query


def test_a_held_out_set_reads_back_from_its_folder(tmp_path: Path) -> None:
    held_out = HeldOut(
        queries=[Query("a1", "what is lift"), Query("b2", "what is drag")],
        qrels={"a1": {"007": 1}, "b2": {"d2": 1}},
        documents={"007": "wings\tand\nlift ", "d2": ""},
        first_stage={"a1": {"007": 3.5, "d2": 1.25}, "b2": {"d2": 0.5}},
    )
    held_out.save(tmp_path / "held_out")
    assert HeldOut.load(tmp_path / "held_out") == held_out


def test_it_lies_there_as_four_files_in_the_usual_forms(tmp_path: Path) -> None:
    HeldOut([Query("a1", "lift")], {"a1": {"d1": 1}}, {"d1": "wings"}, {"a1": {"d1": 2.0}}).save(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "queries.jsonl": '{"_id":"a1","text":"lift"}\n',
        "qrels.tsv": "query-id\tcorpus-id\tscore\na1\td1\t1\n",
        "documents.jsonl": '{"_id":"d1","text":"wings"}\n',
        "first_stage.trec": "a1 Q0 d1 1 2 bm25\n",
    }
