"""The ledger: an index over the records, what failed, who works on what; and the pure functions that read it."""
