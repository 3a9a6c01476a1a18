"""A stand-in for a node: it runs what a Pod asks for as a process of this machine.

No root and no containers, so it works on any laptop. It is a node to everybody who looks through
the API server: Pods are bound to it, it reports phases, conditions, exit codes and last words,
honours SIGTERM and grace, keeps logs, and provides volumes. It isolates nothing.

One rule stands for the file system that a container would have: each Pod has a folder in which
every mount lies at its place, and where an argument or a variable of the environment is a path that
leads to a mount, it is moved below that folder. So programs have to be told every path that they
use; ours are.
"""
