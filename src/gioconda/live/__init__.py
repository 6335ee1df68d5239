"""Live: a portrait that speaks as the voice arrives.

A piece of sound comes in by `stream.py` (WebSocket) or `calls.py` (WebRTC), goes to
`hosted.py` (the session of that client), `session.py` (states and clock) and `playout.py` (sound
that waits for its time). `gioconda/animator.py` makes the frame, which goes back the same way.

    server.py, app.py     the server and its life; the application
    routes/               its addresses, and the page in page/
    pool.py, hosted.py    the sessions that are open; one of them in its thread
    session.py            start here: sound in, frames out on one clock
    frame.py              what comes out of it
    inputs.py, playout.py, dials.py  its parts: sound that waits and becomes even, and the dials
    stream.py, calls.py   the two transports; fragments.py writes MP4 for the first
    messages.py, errors.py, limits.py, access.py    what is said, refused, allowed, and to whom
    portraits.py, jobs.py, text_to_speech.py        what clients send, have made, and hear
    replicas.py           the same on many machines, by Ray Serve
"""

from gioconda.live.frame import Frame, State, Statistics
from gioconda.live.session import ClosedError, Session

__all__ = ["ClosedError", "Frame", "Session", "State", "Statistics"]
