"""What data, trainings and measurements need of the machine: text files, number types, processes, locks."""
