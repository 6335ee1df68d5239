"""Find a face and measure it: detector, mesh, pose, gaze, basis."""
