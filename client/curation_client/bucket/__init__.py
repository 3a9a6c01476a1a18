"""What runs leave in the LIGHTLY bucket, read and written from here: samples, tags, files.

Takes opened buckets, and knows no cluster.
"""
