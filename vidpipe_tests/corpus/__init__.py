"""Tests of vidpipe.corpus."""
