"""Questions whose answers are known to figures: how well search and answers do."""
