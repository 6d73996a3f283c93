"""Team files, as people use them."""
