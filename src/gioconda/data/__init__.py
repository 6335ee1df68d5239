"""From talking videos to clean training data."""
