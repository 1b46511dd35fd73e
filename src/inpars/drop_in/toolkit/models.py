"""How a seq2seq model is asked, where its own files do not say: by the toolkit's rule, and aloud."""

from __future__ import annotations

from inpars.errors import InparsError
from inpars.models.files import model_file, model_json, require_configuration
from inpars.models.locate import locate
from inpars.models.scorers.options import SchemeName
from inpars.models.scorers.scheme import FILE, scheme_of
from inpars.progress import say


def is_seq2seq(model: str) -> bool:
    """Whether a model's configuration names a conditional-generation architecture, as T5's does.

    Where it names none, an encoder with a decoder is such a model. `InparsError` where there is no model.
    """
    where = locate(model)
    config = model_json(where, "config.json")
    if not config:
        require_configuration(where)
    if not (architectures := config.get("architectures")):
        return bool(config.get("is_encoder_decoder"))
    return any("ForConditionalGeneration" in name for name in architectures)


def scheme_for(command: str, model: str, given: SchemeName | None = None) -> SchemeName | None:
    """The scheme to pass for `model`: None where its own files or its full name say it, or it is no seq2seq model.

    Of any other it is the one `given`. Without one the toolkit takes FLAN-T5's where "flan" is in the name, else
    monoT5's; so does this, and says it.
    """
    if given is not None or not is_seq2seq(model):
        return given
    where = locate(model)
    try:
        scheme_of(where, model_file(where, FILE))
    except InparsError:
        scheme: SchemeName = "flan-t5" if "flan" in model.lower() else "monot5"
        say(
            f"{command}: {model} does not say how it is asked (it has no {FILE}, and is no checkpoint known by name); "
            f"it is asked as {scheme}, by the toolkit's rule, unless --scheme says otherwise"
        )
        return scheme
    return None
