"""Where steps run. The engine is transport; the truth about a step is in the store."""
