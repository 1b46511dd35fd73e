"""`python -m inpars.rerank` is `inpars rerank`, and with the InPars toolkit's flags the toolkit's command."""

import sys

from inpars.drop_in.toolkit import main

main("rerank", sys.argv[1:])
