"""Reference baselines for the HEAR audio-embedding API."""
