"""The version, alone, so that the package can be described without being imported."""

__version__ = "0.2.0"
