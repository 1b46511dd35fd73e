"""The nouns: records, corpora, queries, judgments, runs; reading and writing them."""
