"""A partner gone bad: a real node of ours, paired and in a ring, that says whatever its owner wants.

`make hostile` plays every trick and prints a table: what it tried, what it got, which rule of the product
that is.
"""
