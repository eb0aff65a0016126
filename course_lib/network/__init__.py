"""What a network is made of: its prunable units, the masks that say what is kept of it, and recordings of what units do."""
