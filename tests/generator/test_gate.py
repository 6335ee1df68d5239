from gioconda.generator.gate import VoiceGate

RATES = {"rise": 1 / 2, "fall": 1 / 6, "hold": 6}


def test_it_opens_for_a_voice_holds_through_a_pause_and_shuts() -> None:
    gate = VoiceGate(**RATES)  # type: ignore[arg-type]
    spoken = [gate.next(True) for _ in range(8)]
    pause = [gate.next(False) for _ in range(40)]
    assert spoken[0] == 0.5
    assert spoken == sorted(spoken)
    assert min(pause[:5]) >= spoken[-1] > 0.99
    assert pause[5:] == sorted(pause[5:], reverse=True)
    assert pause[-1] < 0.01


def test_a_sound_that_begins_in_a_word_may_find_it_open() -> None:
    starts = {
        (at_once, voice): VoiceGate(**RATES, at_once=at_once).next(voice)  # type: ignore[arg-type]
        for at_once in (False, True)
        for voice in (False, True)
    }
    assert starts == {(False, False): 0, (False, True): 0.5, (True, False): 0, (True, True): 1}
