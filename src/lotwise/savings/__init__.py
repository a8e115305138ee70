"""What tax management saved: the rule of thumb, the shadow ledger and the present value, household by household."""
