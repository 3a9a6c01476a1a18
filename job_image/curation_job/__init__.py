"""The work itself: from a bucket of files to a selection and a report."""
