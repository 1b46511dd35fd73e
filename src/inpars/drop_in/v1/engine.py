"""Which language model v1's `--engine` names, and which prompt its `--prompt_template`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from inpars.data.files import atomic_write
from inpars.errors import OptionError
from inpars.generate.prompts.library import load_template
from inpars.models.language import open_language_model
from inpars.models.language.base import LanguageModel, check

_RETIRED = re.compile(
    r"(?:(?:text|code|if)-)?(?:ada|babbage|curie|davinci|cushman)(?:-00[13])?|(?:text|code)-davinci-002"
)

# v1's prompts by the names of their files.
_FILES = {"vanilla_prompt.txt": "inpars", "gbq_prompt.txt": "inpars-gbq"}
_STOP = ("\n\n",)


def open_engine(engine: str, options: Any) -> LanguageModel:
    """The model: `openai:NAME`, a path or hub id, `vllm:NAME`, or `dummy`; `options` hold the backends' own.

    `OptionError` for the GPT-3 engines that v1 was made for: nothing stands in for them unasked.
    """
    if _RETIRED.fullmatch(engine):
        raise OptionError(
            f"the engine {engine!r} no longer exists: OpenAI has retired the GPT-3 models that InPars v1 used",
            hint="name another with --engine: openai:NAME for one behind OpenAI's API (OPENAI_BASE_URL says where), or "
            "one to run here, for example EleutherAI/gpt-j-6B, which InPars-v2 took; its questions are not v1's",
        )
    model = open_language_model("" if engine == "dummy" else engine, options, "dummy" if engine == "dummy" else "auto")
    check(model)
    return model


def write_prompt(template: str, good_bad: bool, folder: Path) -> Path:
    """Write the prompt as v1 uses it to `folder`, where answers end at a blank line; returns the file.

    `template` is a file of v1's form, any name of ours, or "" for the one that `good_bad` asks for.
    """
    contrast = load_template("inpars-gbq")
    name = template if Path(template).is_file() else _FILES.get(Path(template).name, template)
    chosen = load_template(name) if name else contrast if good_bad else load_template("inpars")
    changes: dict[str, Any] = {"stop": _STOP} | ({"reads": contrast.reads} if good_bad else {})
    values = chosen.model_copy(update=changes).model_dump(mode="json", exclude_defaults=True)
    path = folder / "prompt.yaml"
    with atomic_write(path) as stream:
        stream.write(yaml.safe_dump(values, allow_unicode=True, sort_keys=False).encode())
    return path
