"""The HTTP edge: the calls that HTTP users know, events, files and the live playlist. Checks and conversions are those
of rpc/; no Redis, no makers."""
