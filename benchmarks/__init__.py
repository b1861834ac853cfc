"""How fast the baselines are compared with what people use otherwise, and how much memory they take."""
