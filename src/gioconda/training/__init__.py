"""Recipes that make the released weights; the only place that imports torch.

A recipe that teaches a network is a folder, named after what it makes:

    recipe.py     start here: `Recipe`, every number that can be set, and `train_...`, which runs it
    network.py    the network
    examples.py   what a batch is made of
    losses.py     what it is scored by
    export.py     the file that run time reads

    speech/       sound to features, phones and the mouth; the sync judge
    regressor/    sound to the mouth
    generator/    sound and controls to all of the motion
    renderer/     portrait and warped frame to the drawn frame

`basis.py` and `bank.py` are recipes without a network. The others run in slices, with a checkpoint
(`steps.py`), and share `augmentation.py` (sound as users bring it), `targets.py`, `mouth_loss.py`
and `people.py` (who is kept for the sync judge).

An experiment is a Python file of a few lines, for `gioconda train WHAT --recipe FILE`
(`experiment.py`). Options of the command line change its numbers.
"""
