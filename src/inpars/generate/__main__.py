"""`python -m inpars.generate` is `inpars generate`, and with the InPars toolkit's flags the toolkit's command."""

import sys

from inpars.drop_in.toolkit import main

main("generate", sys.argv[1:])
