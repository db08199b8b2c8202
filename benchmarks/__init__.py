"""What `vidpipe bench` measures."""
