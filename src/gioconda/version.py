"""The release; the distribution takes its version from here."""

__version__ = "0.2.0"
