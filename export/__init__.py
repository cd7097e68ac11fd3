"""Turns a checkpoint into files that engines run, and checks each through the engine that people use."""
