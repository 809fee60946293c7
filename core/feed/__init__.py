"""The For You feed: the stages that `core.pipeline` runs."""
