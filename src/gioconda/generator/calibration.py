"""The generator's calibration: numbers that were measured or chosen on data.

They live in `calibration.json` in the weights file. `gioconda train generator` writes those here;
`gioconda train calibration FILE` shows a file's own and changes them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """What a file of weights needs to be used with.

    Attributes:
        pose_scale: one unit of the network's pose, as `Motion.pose`: about a standard deviation.
        gaze_scale: one unit of the network's gaze, radians.
        amplitude: of the head where the dial is 1, against people's median: with it heads move as
            fast and as far as people's do in the mean.
        amplitude_range: the least and the largest amplitude that clips taught.
        brows: gain of brows and what goes with them: within 3 s they then move 0.88 as far as those
            of people of the train split.
        articulation: of the lips where the dial is 1, against people's median: as an expressive
            speaker.
        articulation_range: the least and the largest that clips taught.
        parting: how far lips are apart in speech where the dial is 1, against people's median.
        parting_power: of the dial, that it goes by under 1: presenters move their lips 0.7 as far
            and part them 0.3 as far as the dial at 1.
        parting_range: the least and the largest that the network makes good mouths of.
        steps: how often the network is asked for a frame, but for guidance.
        guidance: how much of what the sound changes in a frame counts; 1 is what was learned. By 2
            heads of 11 people of the train split are as fast, and go as far, as real ones.
        gate_voice: the lips' certainty of a voice from which the voice gate opens.
        gate_keep: under which it counts as none once it was open. Silence has up to 0.1, most music
            up to 0.5.
        gate_begin: from which a sound begins in the middle of a word: nine in ten clips that do
            have 0.92 and more in their first frame, noise 0.51.
        gate_told: the encoder's certainty of a voice that opens it in a call: the lips' takes 0.2 s
            more to rise.
        gate_lead: frames by which it opens before that in a recording, for lips part before they
            speak.
        gate_rise: of the way to open, a frame.
        gate_fall: of the way to shut, a frame.
        gate_hold: frames of a pause through which the gate stays open.
        meet: certainties at which lips set out to meet, and at which they meet, in a frame that is
            surer than its neighbours: 0.5 is passed in 95 % of p, b and m and in 3 % of vowels, on
            176 clips of people who taught lips nothing.
        meet_held: in other frames, and in a call, where the next one is not known.
        touch: of f or v, at which they set out to come near, and at which they are there.
        teeth_gap: between the lips on f and v, inter-ocular distances; the median of real ones.
        contact_gap: on the mean face where lips meet, for other lips start more open.
        lips_swell: that both lips together are thicker than at rest, inter-ocular distances, at
            most: nine in ten shut lips of training clips are under it.
        closing_release: the part of a closing that is left a frame later.
        closing_least: directions that move the lips by less than this part of the largest are
            left alone.
        distance_return: of the way back to the dial's distance, a frame.
        lids_return: of the way back to where the lids rest, a frame.
        gaze_mean: how much of a frame's gaze goes into the mean that is held to the dial's.
        lids_follow: of a blink, for a radian that the eyes look down: 0.7 of the iris' way.
        blink_closing: of a blink, added to what the network gives, which is about half.
        emotion_rise: of the way to a stronger emotion, a frame, twice in turn: nine tenths in 13
            frames, for spontaneous smiles take about half a second to come (Schmidt, Cohn and Tian,
            Biological Psychology 2003).
        emotion_fall: to a weaker one; they go about half as fast.
        emotion_swing: how much weaker an emotion is in silence than in the loudest speech.
        emotion_quiet: dB under the level of the voice at which it counts as silence.
        swell_rise: of the way to a louder voice, a frame, and from a pause to speech.
        swell_fall: to a less loud one, and to a pause.
        blink_voice: the encoder's certainty of a voice under which there is a pause: to blink in,
            and, of the other one's voice, to react in.
        blink_rate: a minute, in all training clips.
        blink_least: frames from one blink to the next, at least.
        blink_pause: from which frame of a pause to before which one people blink more.
        blink_more: how much more: 21 blinks in 638 such frames of training clips, 49 a minute,
            against 30 in all speech of long clips.
        blink_down: how many frames the lids go down.
        blink_down_chances: how often that many.
        blink_up: how many frames they go up.
        blink_up_chances: how often that many.
        listen_turn: frames after its own voice from which a face listens.
        listen_hold: frames after the other one's voice for which it still does.
        listen_rise: of the way to attention, a frame.
        listen_fall: of the way back, a frame.
        listen_calm: the part of the head's amplitude that a listener keeps, and who says nothing.
        calm_after: frames after its own voice from which a face becomes calm.
        calm_pace: of the way there and back, a frame.
        phrase_least: frames of speech that make a phrase (Ward and Tsukahara: 0.7 s).
        phrase_pause: frames of silence after which it has ended.
        sign_delay: from how many frames later on before how many a listener gives a sign.
        nod_often: at the end of so many phrases a listener nods.
        nod_size: of the first dip, degrees, from least to largest.
        nod_chances: how often there are one, two and three dips.
        nod_frames: of a dip; 11 are 2.3 dips a second.
        nod_decay: of a dip, against the one before.
        brows_often: at the end of so many phrases brows are raised.
        brows_size: how far, from least to largest.
        brows_frames: how long.
        laughter: r of a sound with itself a call earlier from which it may be laughter.
        laughter_lasting: in how many of so many frames it must be, to be laughter: of 16 laughs 15
            were, and 0.5 times a minute speech (10 minutes of clips of the training set).
        smile: strength of the emotion at laughter.
        smile_hold: frames for which it goes on.
        smile_rise: of the way to the smile, a frame.
        smile_fall: of the way back, a frame.
        mood_frames: with a voice, by which a mood goes.
        mood_pace: of the way to another mood, a frame.
        mood_spread: of the pitch in octaves (logarithm to base 2), mean and deviation over 191
            clips of 86 people of the training set.
        mood_rate: syllables a second, likewise.
        mood_loudness: of the frames with a voice against the level, dB, likewise.
        mood_start: deviations from usual at which there is a mood.
        mood_gain: strength of the emotion for each deviation more.
        mood_most: of the strength.
    """

    pose_scale: tuple[float, ...] = (0.1, 0.055, 0.05, 0.1, 0.065, 0.017)
    gaze_scale: float = 0.12
    amplitude: float = 1.35
    amplitude_range: tuple[float, float] = (0.4, 1.8)
    brows: float = 1.3
    articulation: float = 1.3
    articulation_range: tuple[float, float] = (0.4, 2.2)
    parting: float = 1.65
    parting_power: float = 3.5
    parting_range: tuple[float, float] = (0.3, 2.0)
    steps: int = 3
    guidance: float = 2.0
    gate_voice: float = 0.5
    gate_keep: float = 0.4
    gate_begin: float = 0.75
    gate_told: float = 0.95
    gate_lead: int = 5
    gate_rise: float = 1 / 2
    gate_fall: float = 1 / 6
    gate_hold: int = 6
    meet: tuple[float, float] = (0.45, 0.55)
    meet_held: tuple[float, float] = (0.75, 0.85)
    touch: tuple[float, float] = (0.6, 1.0)
    teeth_gap: float = 0.006
    contact_gap: float = -0.003
    lips_swell: float = 0.02
    closing_release: float = 0.2
    closing_least: float = 0.2
    distance_return: float = 0.04
    lids_return: float = 0.02
    gaze_mean: float = 0.8
    lids_follow: float = 1.1
    blink_closing: float = 0.5
    emotion_rise: float = 1 / 4
    emotion_fall: float = 1 / 8
    emotion_swing: float = 0.15
    emotion_quiet: float = 20.0
    swell_rise: float = 1 / 4
    swell_fall: float = 1 / 12
    blink_voice: float = 0.12
    blink_rate: float = 25.0
    blink_least: int = 8
    blink_pause: tuple[int, int] = (2, 5)
    blink_more: float = 1.6
    blink_down: tuple[int, ...] = (1, 2, 3)
    blink_down_chances: tuple[float, ...] = (0.23, 0.66, 0.11)
    blink_up: tuple[int, ...] = (2, 3, 4, 5)
    blink_up_chances: tuple[float, ...] = (0.25, 0.5, 0.2, 0.05)
    listen_turn: int = 8
    listen_hold: int = 50
    listen_rise: float = 1 / 4
    listen_fall: float = 1 / 12
    listen_calm: float = 0.5
    calm_after: int = 50
    calm_pace: float = 0.06
    phrase_least: int = 18
    phrase_pause: int = 5
    sign_delay: tuple[int, int] = (0, 5)
    nod_often: float = 0.75
    nod_size: tuple[float, float] = (3.0, 5.5)
    nod_chances: tuple[float, ...] = (0.5, 0.35, 0.15)
    nod_frames: int = 11
    nod_decay: float = 0.6
    brows_often: float = 0.4
    brows_size: tuple[float, float] = (0.4, 0.9)
    brows_frames: int = 24
    laughter: float = 0.45
    laughter_lasting: tuple[int, int] = (15, 20)
    smile: float = 0.6
    smile_hold: int = 30
    smile_rise: float = 0.15
    smile_fall: float = 0.04
    mood_frames: int = 100
    mood_pace: float = 0.03
    mood_spread: tuple[float, float] = (-1.5, 0.95)
    mood_rate: tuple[float, float] = (4.2, 0.9)
    mood_loudness: tuple[float, float] = (-7.4, 2.6)
    mood_start: float = 0.6
    mood_gain: float = 0.25
    mood_most: float = 0.35
