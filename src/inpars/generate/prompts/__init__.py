"""Prompts as data: templates, the documents put into them, and queries read from the answers."""

from inpars.generate.prompts.library import builtin_templates, load_template
from inpars.generate.prompts.prompter import Prompter, Rendered
from inpars.generate.prompts.reading import Malformed, Reading, read
from inpars.generate.prompts.template import Shown, Template

__all__ = [
    "Malformed",
    "Prompter",
    "Reading",
    "Rendered",
    "Shown",
    "Template",
    "builtin_templates",
    "load_template",
    "read",
]
