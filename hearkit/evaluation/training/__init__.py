"""The heads on the embeddings: grid, protocol, both engines, further probes."""
