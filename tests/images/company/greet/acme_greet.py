"""The company's own."""

WORDS = "Greetings from a private package"
