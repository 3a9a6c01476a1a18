"""The tables a run writes and reads: samples as Arrow, lists and embeddings as text."""
