/** The portrait listens to the visitor while it does not speak. */

import {AudioInput} from './audio.js';
import {$, clearError, showError} from './elements.js';
import {session, wake} from './session.js';

const PIECE = 1600; // samples a message: a tenth of a second

let source = /** @type {?import('./audio.js').Source} */ (null), heard = [];

const ear = new AudioInput(samples => {
  if (!source || session.listening) return; // the microphone is the voice then
  heard.push(...samples);
  if (heard.length < PIECE) return;
  const pcm = Int16Array.from(heard, v => Math.max(-1, Math.min(1, v)) * 32767);
  heard = [];
  session.stream?.send({do: 'listen', sound: btoa(String.fromCharCode(...new Uint8Array(pcm.buffer)))});
});

function stop() {
  source?.node.disconnect();
  source?.stop();
  source = null;
  $('listen').checked = false;
}

$('listen').addEventListener('change', async () => {
  if (!$('listen').checked) return stop();
  try {
    clearError();
    await ear.open();
    source = await ear.microphone(stop);
    source.node.connect(ear.hub);
    await wake();
  } catch (error) {
    stop();
    showError(error);
  }
});
