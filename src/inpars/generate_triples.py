"""`python -m inpars.generate_triples` is the InPars toolkit's command; ours is `inpars negatives`."""

import sys

from inpars.drop_in.toolkit import main

if __name__ == "__main__":
    main("generate_triples", sys.argv[1:])
