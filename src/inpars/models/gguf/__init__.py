"""Weights in GGUF, llama.cpp's format: read from a file's header, and converted once into a model of transformers."""
