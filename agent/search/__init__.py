"""The search for a better prompt: what still fails, candidates and their siblings, the race, the gate."""
