"""The optimizer of one account: a convex envelope, a dual of a few unknowns, a certificate. Knows no domain."""
