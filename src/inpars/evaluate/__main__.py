"""`python -m inpars.evaluate` is `inpars evaluate`, and with the InPars toolkit's flags the toolkit's command."""

import sys

from inpars.drop_in.toolkit import main

main("evaluate", sys.argv[1:])
