"""A team's starters and team files, as its people use them."""
