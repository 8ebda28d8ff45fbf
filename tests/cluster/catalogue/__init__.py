"""The catalogue of bad input: what people and programs do wrong, as tables by topic.

kinds.py says what a case is and how it is judged; the other files are the tables. ../catalogue_test.py
runs them all.
"""
