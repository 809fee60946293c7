"""Parts of pages that are drawn in more than one place, or need JavaScript."""
