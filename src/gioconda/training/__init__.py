"""Recipes that make the released weights; the only part of the package that imports torch.

A recipe is a module or a folder, named after what it makes:

    hearing/      the speech encoder, taught by Whisper
    lips/         features of that encoder to the lower face
    generator/    features of that encoder and controls to head, eyes and brows
    renderer/     portrait and warped frame to the drawn frame: what lips and eyes look like
    mouth_state/  where teeth and tongue stand
    judge/        the sync judge of the evaluation
    head_judge.py which voice moves a head, for the evaluation
    regressor.py  sound to the mouth of the baseline
    basis.py      the linear basis of faces, without a network
    bank.py       stretches of real head motion for the baseline, without a network

To change how lips move, train lips; how lips and eyes look, renderer; where teeth and tongue stand,
mouth_state.

In a folder start with `recipe.py`: `Recipe`, every number that can be set, and `train_...`, which
runs it. `network.py` is the network, `examples.py` what it learns from; where there is an
`export.py`, it writes the file that run time reads.

Networks learn in slices, with a checkpoint (`steps.py`), and share `augmentation.py` and
`disturber.py` (sound as users bring it), `examples.py` (clips as motion and conditions),
`targets.py`, `mouth_loss.py`, `export.py` (a network as an ONNX file) and `blocks.py` (what the
networks that hear are made of).

An experiment is a Python file of a few lines, for `gioconda train WHAT --recipe FILE`
(`experiment.py`). Options of the command line change its numbers, and `calibration.py` those that
lie in a model's file.
"""
