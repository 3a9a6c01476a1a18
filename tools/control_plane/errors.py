class ControlPlaneError(Exception):
    """No control plane can run here; the text says what happened and what to do."""


class ToolchainMissingError(ControlPlaneError):
    """A program is neither here nor can be built."""
