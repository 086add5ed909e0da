"""Sound in: files to samples, samples to spectrograms, and patches back to sound."""
