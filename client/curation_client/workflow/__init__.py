"""What the documented client does, an area a module; `ApiWorkflowClient` only names it."""
