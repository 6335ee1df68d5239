"""Recipes that make the released weights; the only part of the package that imports torch.

A recipe is a module or a folder, named after what it makes:

    speech/       the speech encoder, which tells most of how the mouth moves; the sync judge
    generator/    features of that encoder and controls to all of the motion
    renderer/     portrait and warped frame to the drawn frame: what mouths look like
    hearing/      the next speech encoder, taught by Whisper; nothing released uses it yet
    head_judge.py which voice moves a head, for the evaluation
    regressor.py  sound to the mouth of the baseline
    basis.py      the linear basis of faces, without a network
    bank.py       stretches of real head motion for the baseline, without a network

To change how lips move, train speech and then generator on its file; to change how mouths look,
train renderer.

In a folder start with `recipe.py`: `Recipe`, every number that can be set, and `train_...`, which
runs it. `network.py` is the network, `examples.py` what it learns from; where there is an
`export.py`, it writes the file that run time reads.

Networks learn in slices, with a checkpoint (`steps.py`), and share `augmentation.py` (sound as
users bring it), `targets.py`, `mouth_loss.py`, `people.py` (who is kept for the judges) and
`export.py` (a network as an ONNX file), and `blocks.py` (what the networks that hear are made of).

An experiment is a Python file of a few lines, for `gioconda train WHAT --recipe FILE`
(`experiment.py`). Options of the command line change its numbers, and `calibration.py` those that
lie in a model's file.
"""
