"""Outside services, one a module, each behind a Protocol of vidpipe.ports."""
