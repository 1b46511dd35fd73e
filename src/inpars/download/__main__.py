"""`python -m inpars.download` is `inpars download`."""

import sys

from inpars.cli import main

main(["download", *sys.argv[1:]])
