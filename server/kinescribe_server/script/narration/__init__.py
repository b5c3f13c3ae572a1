"""What is said over each kind of block. Our own sentences are English; other languages get the source's words only."""
