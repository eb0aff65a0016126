"""The four questions of a pruning method as functions of tensors: scores, scopes, amounts, and the PQ index."""
