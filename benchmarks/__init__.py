"""How fast the baselines are beside what people use otherwise, and how much memory they take."""
