"""The tests' own plugins: what they cost, what they run again, what they leave out."""
