"""The Kinescribe service. Read `app.py` first: it puts the parts together."""
