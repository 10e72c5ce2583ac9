"""What recipes work out around a problem: similarities, cohorts, trajectories, quality."""
