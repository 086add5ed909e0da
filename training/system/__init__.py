"""Text files, number types, processes and locks, for data, trainings and measurements."""
