"""A Hugging Face Space: a portrait speaks a recording or a text."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
from pi_heif import register_heif_opener

import gioconda
from gioconda.controls import AUTO, EMOTIONS
from gioconda.example import PHOTO
from gioconda.media import SAMPLE_RATE, read_audio
from gioconda.text_to_speech import ENGLISH, synthesise

SECONDS = 30  # the longest recording, and CHARACTERS the longest text
CHARACTERS = 400
KEPT = 1800  # seconds that what visitors gave and got is kept, and after which it is looked for
FELT = {"none": {}, "auto": AUTO}  # other emotions at a strength
AGREED = "Whoever is seen and heard has agreed to this, or is nobody."


def speak(photo, voice, text, emotion, agreed, progress=gr.Progress()):  # noqa: B008, Gradio's way
    """Make a video, and yield where it is.

    Args:
        photo: a picture of a face, as the path of a file.
        voice: a recording, as the path of a file, or nothing.
        text: what to say where there is no recording, in English.
        emotion: a name of Gioconda's emotions, "auto" for what the voice suggests, or "none".
        agreed: whether whoever is seen and heard has agreed.
    """
    if not photo:
        raise gr.Error("Give a picture of a face.")
    if not agreed:
        raise gr.Error(f"Please confirm: {AGREED}")
    # Gradio takes the video when it is yielded; then the folder goes.
    with tempfile.TemporaryDirectory() as folder, errors_shown(photo, voice):
        voice = voice or spoken(text, Path(folder) / "voice.wav")
        if len(read_audio(voice)) > SECONDS * SAMPLE_RATE:
            raise gr.Error(f"The recording may last {SECONDS} seconds at most.")
        video = gioconda.animate(
            photo,
            voice,
            Path(folder) / "gioconda.mp4",
            controls=gioconda.Controls(emotion=FELT.get(emotion, {emotion: 0.7})),
            consent=f"A visitor stated: {AGREED}",
            badge=True,
            report=lambda done, total: progress((done, total), unit="frames"),
        )
        yield video.path


@contextmanager
def errors_shown(*files):
    """Show what is wrong with an input as Gradio does, by the names that files have to visitors."""
    try:
        yield
    except gioconda.GiocondaError as error:
        message = str(error)
        for file in filter(None, files):
            message = message.replace(file, Path(file).name)
        raise gr.Error(message) from error


def spoken(text, file):
    """A text as a recording in this file."""
    if len(text) > CHARACTERS:
        raise gr.Error(f"The text may have {CHARACTERS} characters at most.")
    file.write_bytes(synthesise(text, ENGLISH))
    return file


with gr.Blocks(title="Gioconda", delete_cache=(KEPT, KEPT)) as page:
    gr.Markdown("# Gioconda\nA portrait speaks your voice, or a text. The video says it was made.")
    with gr.Row():
        with gr.Column():
            # no mode: Gioconda gets the file itself, not what Gradio makes of it
            photo = gr.Image(label="A picture of a face", type="filepath", image_mode=None)
            voice = gr.Audio(label="A voice", type="filepath")
            text = gr.Textbox(label="or a text, in English", max_length=CHARACTERS, lines=2)
            emotion = gr.Dropdown(["none", "auto", *EMOTIONS], value="none", label="Emotion")
            agreed = gr.Checkbox(label=AGREED)
            start = gr.Button("Speak", variant="primary")
        video = gr.Video(label="The video", autoplay=True)
    given = [photo, voice, text, emotion, agreed]
    gr.Examples(
        [[str(PHOTO.with_name("mona-lisa.jpg")), None, "Good morning. I am a painting.", "happy"]],
        inputs=given[:4],
    )
    start.click(speak, given, video, concurrency_limit=1)

register_heif_opener()  # Gradio opens pictures by Pillow, and phones write HEIC
gioconda.warm_up()
if __name__ == "__main__":
    page.queue(max_size=20).launch(max_file_size="20mb")
