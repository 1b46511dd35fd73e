"""`python -m inpars.filter` is `inpars filter`, and with the InPars toolkit's flags the toolkit's command."""

import sys

from inpars.drop_in.toolkit import main

main("filter", sys.argv[1:])
