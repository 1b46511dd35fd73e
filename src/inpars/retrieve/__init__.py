"""First-stage search: the retrievers that negatives, filters and reranking share."""
