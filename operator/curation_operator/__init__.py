"""Brings every Datasource and CurationRun of the cluster closer to its spec."""
