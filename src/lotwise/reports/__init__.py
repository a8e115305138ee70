"""Pages and summaries that people read: the run page, the terminal summary, the pictures they share."""
