"""The command lines of earlier InPars, each translated into calls of our stages; nothing here does a stage's work."""
