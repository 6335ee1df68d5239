"""The state of mouths, learned. In the order in which things are made:

fitting.py    states of the frames of clips, by render and compare
recipe.py     start here: from these a model that predicts them
"""
