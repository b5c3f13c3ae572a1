"""The gRPC edge: requests are checked, converted and handed to jobs/. No Redis, no makers."""
