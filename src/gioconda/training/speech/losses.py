"""What the features are scored by."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gioconda.face.basis import Basis
from gioconda.speech import LOOK_AHEAD
from gioconda.training.mouth_loss import MouthLoss
from gioconda.training.speech.examples import UNKNOWN, WINDOW
from gioconda.training.speech.network import LABELS, SpeechNet, SyncEmbedding
from gioconda.training.speech.teacher import Wav2Vec

_SMOOTHING = 0.05  # of the phones' labels: their borders are not exact
_FAR = -1e4  # in place of the score of a moment that does not count
_SHARPEST = 4.0  # logarithm of the inverse temperature


class SpeechLoss:
    """Losses of a batch of `Windows`, and shares that are right, by name."""

    def __init__(self, basis: Basis, teacher: Wav2Vec | None) -> None:
        self._mouth, self._teacher = MouthLoss(basis), teacher

    def __call__(self, net: SpeechNet, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            features = net.encoder(batch["mel"]).float()  # (N, T, F)
        phones = net.heads.phones(features).reshape(-1, LABELS)
        labels = batch["phones"].reshape(-1)
        voice = net.heads.voice(features)[..., 0]
        lower = batch["lower"]  # of the first windows, those of clips
        of_clips = features[: len(lower)]
        mouth = self._mouth(net.heads.mouth(of_clips), lower, batch["gap"])
        sync = sync_losses(net.sync, of_clips, lower)
        losses = {
            "mouth": sum(mouth.values(), torch.zeros(())),
            "phones": F.cross_entropy(
                phones, labels, ignore_index=UNKNOWN, label_smoothing=_SMOOTHING
            ),
            "voice": F.binary_cross_entropy_with_logits(voice, batch["voice"].float()),
            **sync,
            "phones right": (phones.argmax(1) == labels)[labels != UNKNOWN].float().mean(),
        }
        if self._teacher is not None:
            target = self._teacher(batch["pcm"])[:, -WINDOW - LOOK_AHEAD : -LOOK_AHEAD]
            likeness = F.cosine_similarity(net.projection(features), target, dim=-1)
            losses["teacher"] = 1 - likeness.mean()
        return losses


def sync_losses(sync: SyncEmbedding, features: Tensor, lower: Tensor) -> dict[str, Tensor]:
    """A sound finds its own lips, and lips their sound: among the moments of their clip, but for
    the two next to it; and among those of other clips at one moment.

    Args:
        sync: the embedding.
        features: (N, T, F).
        lower: (N, T, C).
    """
    sound, lips = sync(features, lower)
    scale = sync.sharpness.clamp(0, _SHARPEST).exp()
    within = scale * torch.einsum("ntc,nsc->nts", sound, lips)
    frames = torch.arange(within.shape[1])
    near = (frames[:, None] - frames).abs() == 1
    within = within.masked_fill(near, _FAR)
    own = frames.expand(len(within), -1)
    k = int(torch.randint(len(frames), ()))
    across = scale * sound[:, k] @ lips[:, k].T
    mine = torch.arange(len(across))
    return {
        "within": (F.cross_entropy(within, own) + F.cross_entropy(within.mT, own)) / 2,
        "across": (F.cross_entropy(across, mine) + F.cross_entropy(across.T, mine)) / 2,
        "right": (within.argmax(2) == own).float().mean(),
    }
