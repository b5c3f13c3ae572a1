"""State and events in Redis. The only folder that imports redis."""
