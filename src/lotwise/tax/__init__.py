"""The law of income tax: parameters with their source, and exact functions of a household's position."""
