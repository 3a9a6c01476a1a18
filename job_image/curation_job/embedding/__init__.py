"""Turns pixels into embeddings: the networks, where their weights come from, how they run."""
