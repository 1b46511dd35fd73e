"""`python -m inpars.filter` is `inpars filter`."""

import sys

from inpars.cli import main

main(["filter", *sys.argv[1:]])
