"""The law, from its publications."""
