"""What is said over a formula in English: the tree of its signs, put into the words of a teacher."""
