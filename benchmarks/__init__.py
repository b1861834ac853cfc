"""How fast the baselines are compared with their peers, and how much memory they take."""
