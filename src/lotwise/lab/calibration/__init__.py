"""The default profile, chosen on one half of history and shown on the other."""
