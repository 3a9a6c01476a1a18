"""The short way from Python: `Curation().datasource("farm").select(50).run().wait()`.

What comes back are values that show themselves in a notebook. Everything is done by the same parts
that the `curate` command and `ApiWorkflowClient` use.
"""
