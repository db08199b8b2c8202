"""Tests of vidpipe.annotation."""
