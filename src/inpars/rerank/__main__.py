"""`python -m inpars.rerank` is `inpars rerank`."""

import sys

from inpars.cli import main

main(["rerank", *sys.argv[1:]])
