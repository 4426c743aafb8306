"""How well elements are found: `python -m benchmarks.tag --data DIR [--only PART] [--quick] [--json FILE]`.

Everything is done by the shipped lexicon: nothing is trained or looked up in the data sets. Peers get the same
lexicon and run beside it: its surfaces as plain substrings, its surfaces as a user dictionary of rjieba, and the
raw language model, which gives each word, title or label to the nearest label.
"""
