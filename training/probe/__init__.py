"""Linear probes: how much of small real tasks the baselines' embeddings lay open."""
