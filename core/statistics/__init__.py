"""Pure statistics on sums; unknown is NaN, never 0."""
