"""Tests of vidpipe.ledger."""
