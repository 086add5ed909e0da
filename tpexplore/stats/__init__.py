"""Statistics over patches: rank correlation, clusters, histograms."""
