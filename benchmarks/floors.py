"""The floors: the fastest plain-Python loops we could write, with only sampling, mutation and look-ups over lists."""

import random

RADIX = [5**k for k in range(6)]
N_CELLS = 5**6


def random_search(seed: int, scores: list[float], costs: list[float], budget_s: float) -> list[tuple[int, float]]:
    """Draw six operations at a time until the budget is spent."""
    choose = random.Random(seed).choice
    operations, clock, history = range(5), 0.0, []
    while True:
        cell = 0
        for radix in RADIX:
            cell += choose(operations) * radix
        clock += costs[cell]
        if clock > budget_s:
            return history
        history.append((cell, scores[cell]))


def regularized_evolution(
    seed: int, scores: list[float], costs: list[float], budget_s: float, population_size: int = 10, sample_size: int = 3
) -> list[tuple[int, float]]:
    """Run regularised evolution; cells are integers, so a mutation is arithmetic on one base-5 digit."""
    draw = random.Random(seed).random
    clock, history, population = 0.0, [], []
    while True:
        if len(population) < population_size:
            cell = int(draw() * N_CELLS)
        else:
            parent = max([population[int(draw() * population_size)] for _ in range(sample_size)])[1]
            radix = RADIX[int(draw() * 6)]
            digit = parent // radix % 5
            cell = parent + ((digit + 1 + int(draw() * 4)) % 5 - digit) * radix
        clock += costs[cell]
        if clock > budget_s:
            return history
        score = scores[cell]
        history.append((cell, score))
        population.append((score, cell))
        if len(population) > population_size:
            population.pop(0)


def local_search(
    seed: int, scores: list[float], costs: list[float], budget_s: float, n_start: int = 10
) -> list[tuple[int, float]]:
    """Start from the best of a few random cells, move to the best neighbour while it is better, then restart."""
    generator = random.Random(seed)
    clock, history, seen = 0.0, [], set()
    while True:
        best, peak, queue = (-1.0, -1), -1.0, [int(generator.random() * N_CELLS) for _ in range(n_start)]
        while queue:
            for cell in queue:
                if cell in seen:
                    continue
                seen.add(cell)
                clock += costs[cell]
                if clock > budget_s:
                    return history
                score = scores[cell]
                history.append((cell, score))
                if score > best[0]:
                    best = (score, cell)
            queue = []
            if best[0] > peak:
                peak, cell = best
                for radix in RADIX:
                    digit = cell // radix % 5
                    queue += [cell + ((digit + step) % 5 - digit) * radix for step in (1, 2, 3, 4)]
                generator.shuffle(queue)
