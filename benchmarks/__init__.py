"""How fast the baselines are, compared with what people use otherwise, and their memory."""
