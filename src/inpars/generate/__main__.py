"""`python -m inpars.generate` is `inpars generate`."""

import sys

from inpars.cli import main

main(["generate", *sys.argv[1:]])
