"""Whole repositories, as git tracks them."""
