/** What the page says: its state, how fast it is, and what went wrong. */

import {$, sentence} from './elements.js';
import {Refusal} from './server.js';

/** @param {'' | 'wait' | 'live'} state @param {string} text */
export function setStatus(state, text) {
  $('status').dataset.state = state;
  if ($('status').textContent !== text) $('status').textContent = text;
}

/** @param {Error} error @param {?() => void} again what the user may try once more */
export function showError(error, again = null) {
  if (!(error instanceof Refusal)) console.warn(error);
  $('alert').querySelector('p').textContent = sentence(error.message);
  $('again').hidden = !again;
  $('again').onclick = () => { clearError(); again(); };
  $('alert').hidden = false;
  $('alert').scrollIntoView({block: 'nearest'});
}

export function clearError() { $('alert').hidden = true; }

$('dismiss').addEventListener('click', clearError);

/** Shows each second how fast a stream is, until it is closed. @param {import('./connect.js').Live} stream */
export function showSpeed(stream) {
  let counted = stream.frames, last = performance.now();
  const timer = setInterval(async () => {
    const now = performance.now(), fps = 1000 * (stream.frames - counted) / (now - last);
    [counted, last] = [stream.frames, now];
    const page = await stream.delay().catch(() => 0), server = stream.statistics.latency_ms;
    if (stream.closed) return clearInterval(timer);
    const speaks = Number.isFinite(server);
    const delay = speaks ? [`${Math.round(server + page)} ms`] : [];
    $('readout').textContent = [`${Math.round(fps)} fps`, ...delay, stream.label].join(' · ');
    $('readout').title = speaks
      ? `From sound to picture: server ${Math.round(server)} ms, page ${Math.round(page)} ms` : '';
  }, 1000);
}
