"""`curation_job probe`: finds out what may be done with the two places of a Datasource."""
