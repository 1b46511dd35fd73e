#!/usr/bin/env bash
# The InPars toolkit's six commands, typed as its users type them, on a BEIR folder and with tiny models made here:
#
#     examples/drop_in.sh [BEIR_FOLDER [OUTPUT_FOLDER]]
#
# About a minute, no network. What such models learn means nothing; every file is the real one, and
# OUTPUT_FOLDER/metrics.txt holds the figures of BM25 and of the reranked run.
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

# ---- InPars v1 ----

{
    printf '%-22s\t%s\t%s\n' "" "bm25" "reranked"
    paste <(cut -f 1,3 metrics-bm25.txt) <(cut -f 3 metrics-reranked.txt)
} | tee metrics.txt
