"""What nobody types, and some people send: hostile answers, targets and machines."""
