"""The commands of `python -m training`, a module each: options in, one frozen configuration out."""
