"""Where per-video work runs: processes with limits, over pebble."""
