"""InPars v1's four commands under their own flags: `inpars v1 generate | filter | triples | train`.

One file a command: its flags as one definition, and their translation into calls of our stages.
"""
