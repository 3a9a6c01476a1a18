"""`curate run --local`: the worker on this machine, with folders as buckets and no cluster."""
