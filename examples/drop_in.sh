#!/usr/bin/env bash
# The InPars toolkit's six commands and InPars v1's four, typed as their users type them, on a BEIR folder and with tiny
# models made here:
#
#     examples/drop_in.sh [BEIR_FOLDER [OUTPUT_FOLDER]]
#
# Two minutes or so, no network. What such models learn means nothing; every file is the real one, and
# OUTPUT_FOLDER/metrics.txt holds the figures of BM25, of the toolkit's reranker, and of v1's as it trained.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dataset=$(cd "${1:-$here/../../shared/collections/scifact}" && pwd)
python=${PYTHON:-python}
mkdir -p "${2:-drop-in-example}"
cd "${2:-drop-in-example}"
export HF_HUB_OFFLINE=1

"$python" "$here/tiny_models.py" "$dataset" models

# ---- The InPars toolkit ----
"$python" -m inpars.generate --prompt="inpars" --dataset="$dataset" --dataset_source="ir_datasets" \
    --base_model="models/gpt2" --max_generations="60" --batch_size 8 --max_new_tokens 16 --output="queries.jsonl"

"$python" -m inpars.filter --input="queries.jsonl" --dataset="$dataset" --filter_strategy="scores" \
    --keep_top_k="10_000" --output="queries-filtered.jsonl"

"$python" -m inpars.generate_triples --input="queries-filtered.jsonl" --dataset="$dataset" \
    --max_hits 100 --n_samples 5 --output="triples.tsv"

"$python" -m inpars.train --triples="triples.tsv" --base_model="models/t5" --output_dir="./reranker/" --max_steps="4"

"$python" -m inpars.rerank --model="./reranker/" --dataset="$dataset" --top_k 20 --output_run="run.txt"

"$python" -m inpars.evaluate --dataset="$dataset" --run="bm25" > metrics-bm25.txt
"$python" -m inpars.evaluate --dataset="$dataset" --run="run.txt" > metrics-reranked.txt

{
    printf '%-22s\t%s\t%s\n' "" "bm25" "reranked"
    paste <(sed 's/: /\t/' metrics-bm25.txt) <(cut -d ' ' -f 2 metrics-reranked.txt)
} > metrics-toolkit.txt

# ---- InPars v1 ----
"$python" -m inpars v1 generate --collection "$dataset" --output questions.jsonl --engine models/gpt2 \
    --max_examples 60 --max_tokens 16

"$python" -m inpars v1 filter --input questions.jsonl --output best.jsonl --top_k 10000

"$python" -m inpars v1 triples --input best.jsonl --output v1.tsv --output_ids v1.ids.tsv --corpus "$dataset" \
    --max_hits 100 --n_samples 5

# What v1's users had from Anserini: BM25's run of the test queries.
"$python" -m inpars search "$dataset/queries.jsonl" --corpus "$dataset" --output bm25.trec --top-k 100

"$python" -m inpars v1 train --base_model models/t5 --corpus "$dataset" --triples_train v1.tsv \
    --queries "$dataset/queries.jsonl" --qrels "$dataset/qrels/test.tsv" --run bm25.trec --output_dir v1 \
    --save_every_n_steps 2 --eval_steps 2 --max_eval_queries 54 --max_eval_docs_per_query 10 \
    --per_device_train_batch_size 8 --gradient_accumulation_steps 2

{
    echo "The InPars toolkit, all test queries"
    cat metrics-toolkit.txt
    echo
    echo "InPars v1, at most 54 test queries, as it trained"
    tr ',' '\t' < v1/results.csv
} | tee metrics.txt
