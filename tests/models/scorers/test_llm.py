"""LLM rerankers score as sentence-transformers does, from whatever form they are saved in."""

import pytest
import torch
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from inpars.errors import InparsError
from inpars.models.scorers import family_of, load_scorer
from inpars.models.scorers.chat import INSTRUCTION, LONGEST, prompt_of, tokens_of
from inpars.models.scorers.llm import Llm, load_reranker
from inpars.models.scorers.options import ScoringOptions

FP32 = ScoringOptions(precision="fp32", device="cpu")
QUERIES = {"a": "what is a shock wave?", "b": "heat flow", "c": "slender bodies!", "d": ""}
DOCUMENTS = {
    "1": "A wing is studied. Lift and drag were measured, again and again.",
    "2": "(boundary layer) of a blunt cone",
    "3": "  blanks before, blanks behind  \n",
    "4": "",
    "5": "heat flow " * 200,
    "6": "A line.\nAnother line?\n\n- 7.5\n",
}
CANDIDATES = {query_id: list(DOCUMENTS) for query_id in QUERIES}
CHATML = (
    "{% for m in messages %}{% if m.role in ('system', 'user', 'assistant') %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "[{{ m.role }}] {{ m.content | trim }} [end]{% endfor %}{% if add_generation_prompt %}[model] {% endif %}"
)
RERANKER = (
    "{% set task = messages | selectattr('role', 'eq', 'system') | map(attribute='content') | first %}"
    "{% if task %}Task: {{ task }}\n{% endif %}Q: {{ messages | selectattr('role', 'eq', 'query') "
    "| map(attribute='content') | first }}\nD: {{ messages | selectattr('role', 'eq', 'document') "
    "| map(attribute='content') | first }}\nRelevant: "
)


def make_tokenizer(special=(), answers="yes no", **more):
    tokenizer = Tokenizer(models.BPE())
    # As in Qwen's vocabulary, a sign and the line's end after it may be one token.
    pattern = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    from tokenizers import Regex

    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>", *special],
        show_progress=False,
    )
    texts = [*QUERIES.values(), *DOCUMENTS.values(), f"{answers} Query Document Instruct ?\n !\n .\n :\n"] * 3
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", model_max_length=400, **more)


def make_model(folder, template=None, special=("<|im_start|>", "<|im_end|>"), shape="qwen3", **more):
    torch.manual_seed(0)
    tokenizer = make_tokenizer(special, pad_token="<|end|>")
    tokenizer.chat_template = template
    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "initializer_range": 0.2,
        "pad_token_id": 0,
        "bos_token_id": None,
        "eos_token_id": 0,
    }
    kinds = {"qwen3": (Qwen3Config, Qwen3ForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}
    config, kind = kinds[shape]
    kind(config(**common | more)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A causal language model, no reranker yet, without a chat template."""
    return make_model(tmp_path_factory.mktemp("llm") / "bare")


def scores_of(model, **options):
    run = load_scorer(model, FP32.model_copy(update=options)).score(QUERIES, DOCUMENTS, CANDIDATES)
    return torch.tensor([[run[q][d] for d in CANDIDATES[q]] for q in QUERIES])


def library_scores(model, queries=QUERIES, **options):
    """What sentence-transformers makes of all pairs, without its sigmoid."""
    pairs = [(query, document) for query in queries.values() for document in DOCUMENTS.values()]
    scores = model.predict(pairs, activation_fn=torch.nn.Identity(), batch_size=5, **options)
    return torch.tensor(scores).view(len(queries), len(DOCUMENTS))


def text_of(model, query, document, instruction=None):
    tokens = tokens_of(model, instruction)
    return model.tokenizer.decode(tokens.pairs([query], [document])[0].ids)


@pytest.mark.parametrize("template", [None, CHATML, NO_SYSTEM, RERANKER], ids=["none", "chatml", "no-system", "own"])
@pytest.mark.parametrize("shape", ["qwen3", "llama"])
def test_scores_are_those_of_sentence_transformers_on_the_saved_model(tmp_path, template, shape):
    bare = make_model(tmp_path / "bare", template, shape=shape, tie_word_embeddings=shape == "qwen3")
    assert family_of(str(bare)) == "llm"
    ours = scores_of(bare)
    load_reranker(str(bare), "cpu", torch.float32).save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    saved = CrossEncoder(str(tmp_path / "saved"), device="cpu")
    assert family_of(str(tmp_path / "saved")) == "llm"
    torch.testing.assert_close(library_scores(saved), ours, atol=1e-4, rtol=0)
    torch.testing.assert_close(scores_of(tmp_path / "saved"), ours)
    assert ours.std() > 0.01, "the documents must matter"


def test_a_model_without_a_template_is_asked_in_the_published_words(bare):
    model = load_reranker(str(bare), "cpu", torch.float32)
    assert text_of(model, "why?", "because") == (
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
        'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
        f"<Instruct>: {INSTRUCTION}\n<Query>: why?\n<Document>: because<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


def test_a_chat_template_of_the_models_own_gives_the_same_words_its_turns(tmp_path):
    published = load_reranker(str(make_model(tmp_path / "bare")), "cpu", torch.float32)
    chat = load_reranker(str(make_model(tmp_path / "chat", CHATML)), "cpu", torch.float32)
    assert text_of(chat, "why?", "because") == text_of(published, "why?", "because")
    other = load_reranker(str(make_model(tmp_path / "other", NO_SYSTEM, special=())), "cpu", torch.float32)
    assert text_of(other, "why?", "because").startswith("[user] Judge whether")
    assert text_of(other, "why?", "because").endswith("<Document>: because [end][model] ")


def test_a_tokenizer_without_turns_is_asked_in_plain_words(tmp_path):
    model = load_reranker(str(make_model(tmp_path / "plain", special=())), "cpu", torch.float32)
    assert "<|im_start|>" not in text_of(model, "why?", "because")
    assert text_of(model, "why?", "because").endswith("<Query>: why?\n<Document>: because\n\nAnswer:\n")


def test_an_instruction_takes_the_place_of_the_models_own(bare):
    model = load_reranker(str(bare), "cpu", torch.float32)
    assert "<Instruct>: find the proof\n<Query>: why?" in text_of(model, "why?", "because", "find the proof")
    told = scores_of(bare, instruction="find the proof")
    assert not torch.allclose(told, scores_of(bare))
    torch.testing.assert_close(library_scores(model, prompt="find the proof"), told, atol=1e-4, rtol=0)


def test_a_saved_prompt_is_the_instruction(bare, tmp_path):
    model = load_reranker(str(bare), "cpu", torch.float32)
    model.prompts, model.default_prompt_name = {"task": "find the proof"}, "task"
    model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    torch.testing.assert_close(scores_of(tmp_path / "saved"), scores_of(bare, instruction="find the proof"))


def test_a_reranker_saved_without_a_template_keeps_to_plain_segments(bare, tmp_path):
    CrossEncoder(str(bare), device="cpu").save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    saved = CrossEncoder(str(tmp_path / "saved"), device="cpu")
    asked = {query_id: query for query_id, query in QUERIES.items() if query}  # of two empty texts there is no token
    run = load_scorer(tmp_path / "saved", FP32).score(asked, DOCUMENTS, CANDIDATES)
    ours = torch.tensor([[run[q][d] for d in DOCUMENTS] for q in asked])
    # Of a long pair the library cuts both texts, here only the document is.
    torch.testing.assert_close(
        library_scores(saved, asked)[:, [0, 1, 2, 3, 5]], ours[:, [0, 1, 2, 3, 5]], atol=1e-4, rtol=0
    )


def test_only_the_document_is_cut(bare):
    model = load_reranker(str(bare), "cpu", torch.float32)
    tokens = tokens_of(model)
    assert tokens.max_length == 400
    whole = text_of(model, "why?", "")
    long = tokens.pairs(["why? " * 20], ["heat flow " * 300])[0]
    assert len(long.ids) == 400
    text = model.tokenizer.decode(long.ids)
    assert text.startswith(whole[: whole.index("why?")])
    assert "why? " * 20 in text
    assert "<Document>: heat flow heat" in text
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")


def test_a_query_longer_than_all_positions_leaves_the_cue_in_place(bare):
    model = load_reranker(str(bare), "cpu", torch.float32)
    (tokens,) = tokens_of(model).pairs(["why? " * 2000], ["because"])
    assert len(tokens.ids) == 1024
    assert model.tokenizer.decode(tokens.ids).endswith(
        "\n<Document>:<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


def test_a_model_with_many_positions_reads_no_more_than_it_was_made_for(tmp_path):
    folder = make_model(tmp_path / "long", max_position_embeddings=100_000)
    model = load_reranker(str(folder), "cpu", torch.float32)
    model.max_seq_length = 100_000
    assert tokens_of(model).max_length == LONGEST


@pytest.mark.parametrize("batch_tokens", [1, 300, 100_000])
def test_scores_do_not_depend_on_the_batches(bare, batch_tokens):
    torch.testing.assert_close(scores_of(bare, batch_tokens=batch_tokens), scores_of(bare), atol=1e-5, rtol=0)


def test_bf16_weights_score_nearly_the_same(bare):
    scorer = load_scorer(bare, FP32.model_copy(update={"precision": "bf16"}))
    run = scorer.score(QUERIES, DOCUMENTS, CANDIDATES)
    assert next(scorer.engine.model.parameters()).dtype == torch.bfloat16
    scores = torch.tensor([list(run[query_id].values()) for query_id in QUERIES])
    torch.testing.assert_close(scores, scores_of(bare), atol=0.05, rtol=0.05)


def test_an_adapter_is_loaded_over_its_base(bare, tmp_path):
    from peft import LoraConfig

    torch.manual_seed(1)
    model = load_reranker(str(bare), "cpu", torch.float32)
    model.transformers_model.add_adapter(LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    model.transformers_model.save_pretrained(tmp_path / "adapter")
    assert not (tmp_path / "adapter" / "model.safetensors").exists()
    assert family_of(str(tmp_path / "adapter")) == "llm"
    tuned = scores_of(tmp_path / "adapter")
    torch.testing.assert_close(library_scores(model), tuned, atol=1e-4, rtol=0)
    assert not torch.allclose(tuned, scores_of(bare), atol=0.01)
    model.save_pretrained(str(tmp_path / "whole"), create_model_card=False)
    torch.testing.assert_close(scores_of(tmp_path / "whole"), tuned)


def test_a_scorer_over_a_model_leaves_it_as_it_is(bare):
    model = load_reranker(str(bare), "cpu", torch.float32)
    before = library_scores(model)
    run = Llm.over(model, FP32).score(QUERIES, DOCUMENTS, {"a": ["1", "5"]})
    assert run["b"] == {}
    assert list(run["a"].values()) == pytest.approx(before[0, [0, 4]].tolist(), abs=1e-4)
    torch.testing.assert_close(library_scores(model), before)


def test_a_tokenizer_without_yes_and_no_is_refused(tmp_path):
    folder = make_model(tmp_path / "model", CHATML)
    make_tokenizer(answers="right wrong").save_pretrained(folder)
    with pytest.raises(InparsError, match="no tokens 'yes' and 'no'"):
        load_scorer(folder, FP32)


def test_a_template_that_shows_the_document_first_is_refused(tmp_path):
    swapped = RERANKER.replace("'query'", "'x'").replace("'document'", "'query'").replace("'x'", "'document'")
    with pytest.raises(InparsError, match="does not show the document once"):
        prompt_of(load_reranker(str(make_model(tmp_path / "model", swapped)), "cpu", torch.float32), None)
