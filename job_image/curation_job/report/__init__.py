"""Says what a run did and why, in numbers, pictures and a PDF."""
