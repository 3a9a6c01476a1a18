"""What a worker shows of itself while it runs, and how it is stopped."""
