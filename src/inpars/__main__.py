"""`python -m inpars` is `inpars`."""

from inpars.cli import main

main()
