"""NeetoCal's wire names and ours, and nowhere else."""
