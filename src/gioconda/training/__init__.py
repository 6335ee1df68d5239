"""Recipes that make the released weights; the only place that imports torch.

A recipe is a module or a folder, named after what it makes:

    speech/       sound to features, phones and the mouth; the sync judge
    regressor.py  sound to the mouth
    generator/    sound and controls to all of the motion
    renderer/     portrait and warped frame to the drawn frame
    basis.py      the linear basis of faces, without a network
    bank.py       stretches of real head motion, without a network

In a folder start with `recipe.py`: `Recipe`, every number that can be set, and `train_...`, which
runs it. `network.py` is the network, `examples.py` what it learns from, `export.py` the file that
run time reads.

Networks learn in slices, with a checkpoint (`steps.py`), and share `augmentation.py` (sound as
users bring it), `targets.py`, `mouth_loss.py`, `people.py` (who is kept for the sync judge) and
`export.py` (a network as an ONNX file).

An experiment is a Python file of a few lines, for `gioconda train WHAT --recipe FILE`
(`experiment.py`). Options of the command line change its numbers.
"""
