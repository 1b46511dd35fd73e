"""`python -m inpars.train` is `inpars train`."""

import sys

from inpars.cli import main

main(["train", *sys.argv[1:]])
