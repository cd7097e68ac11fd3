"""Every nn.Module of the project, and nothing else."""
