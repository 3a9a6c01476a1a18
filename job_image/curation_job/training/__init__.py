"""Trains the self-supervised network on the samples of a run."""
