"""Load and call any HEAR module, and store its embeddings.

`hearkit.api` loads and calls a module; `hearkit.embed` is the command `hear-embed`, and
`hearkit.evaluation` is `hear-eval`.
"""
