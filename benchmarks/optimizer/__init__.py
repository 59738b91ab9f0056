"""The optimiser against a model simulator: cost and quality beside other optimisers, and what must never happen."""
