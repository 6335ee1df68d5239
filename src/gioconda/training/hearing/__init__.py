"""A streaming speech encoder that learns to hear what Whisper hears."""
