"""`python -m inpars.negatives` is `inpars negatives`."""

import sys

from inpars.cli import main

main(["negatives", *sys.argv[1:]])
