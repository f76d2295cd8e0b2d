"""Speed, as ratios to peers and floors that are measured in the same run."""
