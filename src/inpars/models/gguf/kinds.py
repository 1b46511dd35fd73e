"""Whether a GGUF file holds a language model that can be read here, and why not where it does not."""

from __future__ import annotations

from pathlib import Path

from inpars.errors import InparsError, InputError
from inpars.models.gguf.header import MAGIC, Header, part_of, read_header

SERVER = "run it in a server, such as llama.cpp's (llama-server -m FILE), and name it openai:NAME"
"""What to do with a model that cannot be read here."""

# general.type of files that go with a model and are none.
_BESIDE = {
    "adapter": "a low-rank adapter, which goes on a model",
    "mmproj": "the part of a model that reads images or sound",
    "imatrix": "a matrix of importances, from which models are quantised",
    "vocab": "a vocabulary alone",
}
_READERS = ("bert", "nomic-bert", "jina-bert", "modern-bert", "neo-bert", "eurobert", "t5encoder", "gemma-embedding")
_POOLINGS = {4: "a reranker"}


def is_gguf(path: Path) -> bool:
    """Whether a path is a GGUF file, by its name or its first bytes."""
    if not path.is_file():
        return False
    if path.suffix.lower() == ".gguf":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(4) == MAGIC
    except OSError:
        return False


def why_unreadable(path: Path) -> str:
    """Why a GGUF file is no language model that could be read here, as its header tells; "" where it may be."""
    try:
        header = read_header(path)
    except InputError as error:
        return error.message.removeprefix(f"{path}: ") + (f"; {error.hint}" if error.hint else "")
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    part, parts = part_of(path, header)
    if parts > 1:
        return (
            f"it is part {part} of {parts} of a model; join them with llama.cpp's "
            "`llama-gguf-split --merge FIRST-PART.gguf WHOLE.gguf`, and name the whole"
        )
    what = _no_writer(header)
    return f"it is {what}, and no language model that writes" if what else ""


def _no_writer(header: Header) -> str:
    """What a file holds that writes nothing; "" for a causal language model."""
    architecture = header.architecture
    if beside := _BESIDE.get(str(header.metadata.get("general.type", "model"))):
        return beside
    if not architecture:
        return "a file without general.architecture"
    if architecture == "clip":
        return _BESIDE["mmproj"]
    if architecture.startswith(_READERS) or header.of_model("attention.causal") is False:
        return f"an encoder ({architecture})"
    if architecture == "t5":
        return "an encoder with a decoder (t5)"
    if pooling := header.of_model("pooling_type", 0):
        return f"{_POOLINGS.get(pooling, 'a model of embeddings')} ({architecture})"
    return ""


def require_readable(path: Path, name: str) -> None:
    """`InparsError` where transformers or the library gguf cannot read the model in a file, whose header may be right.

    `name` is the model's, for messages. Imports both libraries.
    """
    import gguf
    import transformers
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    from inpars.versions import versions_of

    header = read_header(path)
    versions = versions_of(("transformers", "gguf"))
    # Newer versions of the library have a second table.
    newer = getattr(getattr(transformers.integrations, "gguf", None), "GGUF_CONFIG_ARCHS", ())
    if not _known(header.architecture, {*GGUF_SUPPORTED_ARCHITECTURES, *newer}):
        raise InparsError(
            f"model {name!r} cannot be loaded: its architecture is {header.architecture!r}, which transformers "
            f"{versions['transformers']} does not read from GGUF",
            hint=f"{SERVER}; or give the model's folder in transformers' own format",
        )
    sizes = gguf.GGML_QUANT_SIZES
    for tensor in header.tensors:
        kind = next((each for each in gguf.GGMLQuantizationType if each == tensor.kind), None)
        if kind is None or not _dequantises(kind):
            called = kind.name if kind is not None else f"number {tensor.kind}"
            raise InparsError(
                f"model {name!r} cannot be loaded: its tensor {tensor.name!r} is quantised as {called}, which gguf "
                f"{versions['gguf']} does not read",
                hint=f"{SERVER}; or take a file of another quantisation, such as Q4_K_M or Q8_0",
            )
        block, size = sizes[kind]
        if (end := header.data + tensor.offset + tensor.elements // block * size) > header.size:
            raise InparsError(
                f"model {name!r} cannot be loaded: it is cut short: its tensor {tensor.name!r} ends at byte {end:,}, "
                f"and the file has {header.size:,}",
                hint="download or copy it again",
            )


def _known(architecture: str, known: set[str]) -> bool:
    # The library's names have a line under where llama.cpp's have a dash, or nothing.
    return any(
        architecture.replace("-", "_") in (name, name.replace("_", "")) or architecture == name for name in known
    )


def _dequantises(kind: object) -> bool:
    import gguf
    import numpy as np

    if kind in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16):
        return True
    _, size = gguf.GGML_QUANT_SIZES[kind]
    try:
        gguf.dequantize(np.zeros((1, size), dtype=np.uint8), kind)
    except NotImplementedError:
        return False
    return True
