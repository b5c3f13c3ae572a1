"""What is said over each kind of block. Sentences of our own are English; other languages get only the source's words."""
