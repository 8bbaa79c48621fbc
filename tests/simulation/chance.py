"""What a schedule leaves to chance: how long each answer takes. One seed, one history."""

import random


class Chance(random.Random):
    """Delays of servers and networks, in seconds. `slow` stretches all of them, `rarely` is how often one is long."""

    slow = 1.0
    rarely = 0.03

    def answer(self) -> float:
        """Of a statement: often none at all, mostly some milliseconds, rarely long."""
        drawn = self.random()
        if drawn < 0.45:
            return 0.0 if self.slow == 1.0 else self.slow * 0.01
        if drawn < 1.0 - self.rarely:
            return (drawn - 0.44) * 0.02 * self.slow
        return self.random() * 0.6 * min(self.slow, 3.0)

    def way(self) -> float:
        """Of a request to the broker, or its answer."""
        drawn = self.random()
        return (drawn * 0.01 + 0.0005 if drawn < 1.0 - self.rarely else self.random() * 0.4) * self.slow
