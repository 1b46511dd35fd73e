"""`python -m inpars.train` is `inpars train`, and with the InPars toolkit's flags the toolkit's command."""

import sys

from inpars.drop_in.toolkit import main

main("train", sys.argv[1:])
