"""Source text to script. Pure text work; runs in a worker process."""
