"""The cluster: what we need of it, how we look at it, and how a plan is carried out."""
