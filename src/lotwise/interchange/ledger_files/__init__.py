"""The ledger's files in: accounts, transactions, corporate actions and opening lots become rows of the journal."""
