"""The public text that every composed model is tried on. Fixed: figures of different builds can be compared."""

DOCUMENTS = (
    """The river rises in the hills above the town and runs for forty miles to the sea. In spring the snow melts and
the water stands high against the stone of the old bridge; by August a child can wade across. For centuries the mills
along its banks ground wheat and rye. Two of them still turn, one for visitors and one because the baker likes it.
""",
    """To plant a pear tree, dig a hole twice as wide as the roots and no deeper. Set the tree so that the join of stem
and root is a hand above the ground. Fill in the soil you took out, tread it firm, and water it well. Tie the stem to
a stake, not too tightly, and keep the grass away from it for the first three years.
""",
    """"You are late," said the keeper, and held up his lamp. "The last boat left at nine."
"Then I shall wait for the first one," she answered. "Is there a bench?"
There was a bench, and there was tea, and before the tide had turned they were talking like old friends.
""",
    """A number is prime if it is greater than one and only one and itself divide it. There is no largest prime. Suppose
there were, and multiply all primes together and add one: the result leaves a remainder of one whichever of them you
divide it by. So either it is a prime itself, or it has a prime factor that was not among them.
""",
    """def mean(values):
    \"\"\"The average of a list of numbers.\"\"\"
    if not values:
        raise ValueError("there is nothing to average")
    return sum(values) / len(values)


def spread(values):
    middle = mean(values)
    return max(abs(value - middle) for value in values)
""",
    """Notice to all residents: on Tuesday, 4 March, between 8:30 and 12:00, the water supply of houses 12 to 48 will be
interrupted for work on the main pipe. Please fill a bucket beforehand, keep your taps closed, and let the water run
for two minutes afterwards. We apologise for the inconvenience and thank you for your patience.
""",
)
PROBE = "\n".join(DOCUMENTS)
