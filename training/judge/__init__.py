"""The judge: one fixed loss, the optimisation that it is held against, and the report."""
