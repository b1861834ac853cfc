"""Speech that costs nothing, and which phone sounds when: names, said by espeak-ng."""
