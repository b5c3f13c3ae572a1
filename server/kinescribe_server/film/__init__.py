"""Clips, captions and the joined video. Runs in a worker process."""
