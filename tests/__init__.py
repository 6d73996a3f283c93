"""All tests, in folders by what they need."""
