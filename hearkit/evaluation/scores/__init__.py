"""The oracle's scores (HEAR_EVAL, section 5), vectorised: scikit-learn's and sed_eval's figures."""

from .catalogue import SCORES, Score, is_event_score

__all__ = ["SCORES", "Score", "is_event_score"]
