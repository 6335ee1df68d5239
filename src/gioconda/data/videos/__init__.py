"""Videos of people who talk become clean clips."""
