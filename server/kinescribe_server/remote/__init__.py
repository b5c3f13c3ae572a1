"""Calls to services of others over HTTP: one client, one way to retry, one set of errors. No adapter lives here."""
