"""A small living world, generated and labelled as such."""
