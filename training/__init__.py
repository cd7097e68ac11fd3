"""Makes styles: networks, losses, data, trainers. Needs torch; imports nothing of ours but itself."""
