"""What a job is and what comes next. Knows the seams' protocols, never an adapter, gRPC or Redis."""
