"""HEAR's leaderboard, and a result's place in it.

`leaderboard.csv` has the facts of the public leaderboard of hearbenchmark.com: 34 models, 19 tasks,
fractions, higher is better. A blank is a score that was never handed in. The repository of that
site is under the Apache licence 2.0.
"""

from .leaderboard import COLUMNS, Leaderboard, column_of, read
from .places import Place, Row, placed

__all__ = ["COLUMNS", "Leaderboard", "Place", "Row", "column_of", "placed", "read"]
