"""The ground floor: whatever loads and calls a HEAR module, and what is done with its embeddings.

`hearkit.api` is the one way to a module, `hearkit.embed` the command `hear-embed`.
"""
