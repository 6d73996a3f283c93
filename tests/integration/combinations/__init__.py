"""Any two answers that do not exclude each other, in one project."""
