"""`python -m inpars.evaluate` is `inpars evaluate`."""

import sys

from inpars.cli import main

main(["evaluate", *sys.argv[1:]])
