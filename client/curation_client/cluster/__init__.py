"""The cluster as the client sees it: who we are, our two kinds of object, and the buckets behind.

Everything that talks to the API server or to a bucket goes through here, for `ApiWorkflowClient`,
`Curation` and the command alike.
"""
