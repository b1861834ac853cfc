"""The work of `hear-eval` spread over the nodes of a Ray: clips to actors, folds to tasks."""
