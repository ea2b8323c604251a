"""Records of runs: storing them, running what is missing, noting where numbers come from, verifying."""
