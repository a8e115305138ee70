"""Moving a prospect in: choices from doing nothing to selling everything, what each costs, and how long it takes."""
