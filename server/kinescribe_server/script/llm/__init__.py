"""Scripts by a language model behind any OpenAI-compatible chat endpoint: writing them, and translating them. What a
model says is data: it is read and checked like what a user sends."""
