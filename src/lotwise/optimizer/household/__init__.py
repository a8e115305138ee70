"""All accounts of a household solved as one portfolio: the joint problem, its dual, its choices."""
