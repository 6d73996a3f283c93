"""The company's own package."""

WORDS = "Greetings from a private package"
