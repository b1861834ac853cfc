"""The work of `hear-embed` spread over the actors of Ray, one machine or many."""
