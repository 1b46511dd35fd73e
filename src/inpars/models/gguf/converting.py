"""From a GGUF file to a saved model of transformers, once, in the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from inpars.data.alone import alone
from inpars.data.files import write_json
from inpars.data.hashes import hash_of
from inpars.data.places import cache_folder
from inpars.errors import InparsError, require_library, shorten, system_error
from inpars.models.gguf.header import F16, F32, Header, content_hash, read_header
from inpars.models.gguf.kinds import SERVER, require_readable
from inpars.models.gguf.rope import FACTORS, scale_positions
from inpars.models.gguf.tokens import cut_words, end_ids
from inpars.progress import say, track

# Another number where the same file would be converted otherwise.
_VERSION = 1
_ELSEWHERE = "INPARS_CACHE names another folder for the cache"


def gguf_fingerprint(path: Path) -> str:
    """What identifies a model in GGUF as an input: the file's contents, wherever it lies."""
    return hash_of(["gguf", _VERSION, content_hash(path)])


def conversion_path(path: Path) -> Path:
    """Where the conversion of a GGUF file lies, or will lie: by its contents and the library that converts it."""
    header = read_header(path)
    called = str(header.metadata.get("general.name") or header.architecture)
    slug = re.sub(r"[^a-z0-9]+", "-", called.lower()).strip("-")[:40]
    # A patch of the library changes no conversion.
    library = ".".join(metadata.version("transformers").split(".")[:2])
    return cache_folder() / "models" / f"{slug}-{hash_of([_VERSION, library, content_hash(path)])[:16]}"


def check_convertible(path: Path, name: str) -> None:
    """`InparsError` where the model in a GGUF file is neither converted already nor could be; nothing is written.

    `name` is the model's, for messages.
    """
    for library, extra in (("transformers", "train"), ("torch", "train")):
        require_library(library, extra, f"the model {name!r}")
    if not conversion_path(path).is_dir():
        require_library("gguf", "gguf", f"the model {name!r}, whose weights are in GGUF,")
        require_readable(path, name)


def converted(path: Path, name: str) -> Path:
    """The folder of the model in a GGUF file, as transformers saves one; made where it is not there yet.

    Weights are kept in the file's own format where that is fp32, fp16 or bf16, and quantised ones in bf16. Of two
    processes one converts and the other waits. `name` is the model's, for messages. `InparsError` where the file
    cannot be read or the folder not be written, `MissingDependency` without the libraries.
    """
    require_library("transformers", "train", f"the model {name!r}")
    folder = conversion_path(path)
    if folder.is_dir():
        return folder
    check_convertible(path, name)
    try:
        with alone(folder, f"model: waiting for another process that converts {name}"):
            if not folder.is_dir():
                _convert(path, folder, name)
    except OSError as error:
        raise InparsError(
            f"cannot keep the converted model in {folder}: {error.strerror or error}", hint=_ELSEWHERE
        ) from None
    return folder


def _convert(path: Path, folder: Path, name: str) -> None:
    header = read_header(path)
    size = sum(tensor.elements for tensor in header.tensors) * (4 if _format(header) == "float32" else 2)
    _require_space(folder, size)
    say(f"model: converting {name} ({size / 1e6:,.0f} MB), once: it is kept in {folder}")
    for leftover in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        _save(path, header, part, name)
        os.replace(part, folder)
    except OSError as error:
        # Another process was faster, where the system has no locks.
        if not folder.is_dir():
            raise system_error(error, folder) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _require_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder.parent).free
    if free < 1.05 * size:
        raise InparsError(
            f"{folder.parent} has {free / 1e6:,.0f} MB free, and the converted model takes {size / 1e6:,.0f}",
            hint=f"free some space; or {_ELSEWHERE}",
        )


def _format(header: Header) -> str:
    """The number format that weights are kept in, by torch's name.

    Of quantised weights bf16 keeps as much as anybody computes with who computes in it, and has the range that
    fp16 lacks. Norms and biases are in fp32 in any file.
    """
    kinds = {tensor.kind for tensor in header.tensors if len(tensor.shape) > 1} - {F32}
    return "float32" if not kinds else "float16" if kinds == {F16} else "bfloat16"


def _save(path: Path, header: Header, folder: Path, name: str) -> None:
    import torch
    import transformers
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    from inpars.models.loading import failures
    from inpars.models.quiet import quiet_loading

    source: dict[str, Any] = {"gguf_file": path.name}
    options: dict[str, Any] = {"dtype": getattr(torch, _format(header))}
    if hasattr(transformers, "GgufConfig"):
        # Newer versions of the library would keep the blocks, and save none.
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    try:
        with quiet_loading(), _own_bar(), torch.no_grad():
            config = AutoConfig.from_pretrained(path.parent, **source)
            unset = scale_positions(config, path, header)
            tokenizer = AutoTokenizer.from_pretrained(path.parent, **source)
            model, found = AutoModelForCausalLM.from_pretrained(
                path.parent, config=config, output_loading_info=True, **source, **options
            )
    except failures() as error:
        raise _unreadable(name, " ".join(str(error).split())[:300]) from error
    if absent := sorted(found["missing_keys"]):
        raise _unreadable(name, f"the file has no weights for {shorten(', '.join(absent))}")
    _say_left_out(header, model, unset, cut_words(header, tokenizer), name)
    model.config.eos_token_id = model.generation_config.eos_token_id = end_ids(
        header, tokenizer, model.config.eos_token_id
    )
    # What the library keeps of the file's own name.
    vars(model.config).pop("_model_name_or_path", None)
    # What it was loaded with is not what it is saved in.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    try:
        with quiet_loading():
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        _describe(path, header, folder)
    except SafetensorError as error:
        raise InparsError(f"cannot keep the converted model in {folder.parent}: {error}", hint=_ELSEWHERE) from None


@contextlib.contextmanager
def _own_bar() -> Iterator[None]:
    """Within it the library converts tensors under our bar, which is silent where there is no terminal."""
    from transformers import modeling_gguf_pytorch_utils as library

    own = library.tqdm
    library.tqdm = lambda tensors, **_: track(tensors, "convert", len(tensors))
    try:
        yield
    finally:
        library.tqdm = own


def _say_left_out(header: Header, model: Any, scaling: str, words: str, name: str) -> None:
    """Say what the file has and the conversion has not."""
    given = sum(tensor.elements for tensor in header.tensors if tensor.name not in FACTORS)
    taken = sum(parameter.numel() for parameter in model.parameters())
    server = "llama.cpp's answers may be better"
    if given > taken:
        say(f"model: {name}: transformers leaves out {given - taken:,} of the file's {given:,} weights; {server}")
    if scaling:
        say(f"model: {name}: the file scales positions in a way that is not known here ({scaling}); {server}")
    if words:
        say(f"model: {name}: text is cut into words as GPT-2 does, and not as the file says ({words}); {server}")


def _describe(path: Path, header: Header, folder: Path) -> None:
    """Put a card beside the model, as hubs have one, and a record of where it comes from."""
    facts = {
        key.removeprefix("general."): value for key, value in header.metadata.items() if key.startswith("general.")
    }
    card: dict[str, Any] = {"license": facts.get("license"), "language": list(header.languages)}
    front = yaml.safe_dump({key: value for key, value in card.items() if value}, sort_keys=False)
    title = facts.get("name") or path.stem
    text = f"---\n{front}---\n# {title}\n\nConverted by InPars from `{path.name}`, whose header says the above.\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    write_json(
        folder / "source.json",
        {
            "file": path.name,
            "sha256": content_hash(path),
            "size": header.size,
            "general": {key: value for key, value in facts.items() if not isinstance(value, (list, dict))},
            "versions": {library: metadata.version(library) for library in ("transformers", "gguf")},
        },
    )


def _unreadable(name: str, why: str) -> InparsError:
    return InparsError(f"model {name!r} cannot be loaded: {why}", hint=SERVER)
