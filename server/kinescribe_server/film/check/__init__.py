"""Is a film as it should be? Facts are read from its file, rules turn them into findings, findings make the report.

A check never stops a film: what it cannot do is a failed check.
"""
