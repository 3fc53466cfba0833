"""A fused score as the probability that the collection speaks of what was asked."""

from __future__ import annotations

import math

# Logistic regression on the best passage's score: answerable questions of five sets against those
# of the other sets (decision 0015). Fitted without a set, it is off by 1 to 3 % on that set.
_EVEN_SCORE = 0.316
"""Where both are as likely."""
_SLOPE = 28.7
_MOST = 30.0
"""Further out nothing changes that anybody would see, and `exp` would overflow."""


def confidence(fused_score: float) -> float:
    """Give the probability, in [0, 1], that a best passage of this score is on the topic.

    It grows with the score, and says nothing of whether the answer is in the passage. When the
    fusion changes, this changes with it, so that a threshold on it stays what it was.
    """
    logit = _SLOPE * (fused_score - _EVEN_SCORE)
    return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, logit))))
