"""Makes the mutant of a seed and an index: always the same one."""

import random
from dataclasses import dataclass

import bodies
import delimiters
import fields
import octets
import plant
import shape
import words

TREE = (shape, fields, bodies, words, delimiters)
# One in so many is left as it is: those must be found, and their twins clean.
CONTROL = 20
# Spans of how many mutations a mutant gets.
MILD, MIXED, HOSTILE = (1, 3), (1, 6), (6, 14)


@dataclass
class Mutant:
    """A message with a number, its twin with a wrong one, and how they came to be."""

    index: int
    kind: str
    place: str
    mutations: list
    planted: plant.Plant
    raw: bytes
    twin: bytes


def make(seed, index, hostile):
    """The mutant `index` of `seed`."""
    kind = kind_of(seed, index, hostile)
    pair = random.Random(f"{seed}/{index}/number").choice(NUMBERS)
    planted, place, mutations, raw = grow(seed, index, kind, pair[0])
    twin = grow(seed, index, kind, pair[1])[3]
    return Mutant(index, kind, place, mutations, planted, raw, twin)


def kind_of(seed, index, hostile):
    if index % CONTROL == 0:
        return "control"
    if hostile:
        return "hostile"
    return "mild" if random.Random(f"{seed}/{index}/kind").random() < 0.35 else "mixed"


def grow(seed, index, kind, digits):
    rng = random.Random(f"{seed}/{index}")
    planted = plant.Plant(digits, rng.choice(plant.WRITINGS))
    base = plant.base(rng, planted)
    place = base.place
    if kind == "control":
        return planted, place, [], base.root.write()
    chosen = choose(rng, kind, place)
    done = []
    for mutation in [m for stage in TREE for m in chosen if m in TREE_OF[stage]]:
        if mutation(rng, base) is not False:
            done.append(mutation.__name__)
    raw = base.root.write()
    for mutation in (m for m in chosen if m in TREE_OF[octets]):
        raw = mutation(rng, raw)
        done.append(mutation.__name__)
    return planted, place, done, raw


def choose(rng, kind, place):
    """Mutations for a mutant, from every stage."""
    low, high = {"mild": MILD, "mixed": MIXED, "hostile": HOSTILE}[kind]
    pools = [module.MILD if kind == "mild" else module.MILD + module.ODD for module in TREE]
    pools.append(octets.MILD if kind == "mild" else octets.MILD + octets.ODD)
    weights = [5, 3, 3, 6 if place in plant.IN_FIELDS else 1, 3, 2]
    count = rng.randint(low, high)
    return [rng.choice(pool) for pool in rng.choices(pools, weights, k=count)]


TREE_OF = {module: set(module.MILD + module.ODD) for module in (*TREE, octets)}
NUMBERS = plant.numbers()
