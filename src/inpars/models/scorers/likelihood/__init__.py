"""Query likelihood: how likely a causal language model finds the query after the document."""
