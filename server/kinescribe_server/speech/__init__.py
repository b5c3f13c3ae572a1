"""Narration to audio and word times. Runs in a worker process."""
