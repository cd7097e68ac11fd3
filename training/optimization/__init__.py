"""The slow, exact side: one picture moved down a loss until it is painted (Gatys et al. 2015)."""
