"""Tests of vidpipe.workers."""
