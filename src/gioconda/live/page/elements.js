/** The page's elements, and what they say: its state, how fast it is, and what went wrong. */

import {Cancelled, Refusal} from './server.js';

/** @param {string} id @returns {any} the element */
export const $ = id => document.getElementById(id);

/** @param {string} name of radio buttons */
export const chosen = name => /** @type {any} */ (document.querySelector(`[name=${name}]:checked`)).value;

/** @param {string} text */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : whole + '.';
}

/** @param {string} id of a button @param {string} icon @param {string} text @param {?boolean} pressed */
export function relabel(id, icon, text, pressed = null) {
  $(id).querySelector('use').setAttribute('href', `#i-${icon}`);
  $(id).querySelector('span').textContent = text;
  if (pressed !== null) $(id).setAttribute('aria-pressed', pressed);
}

/** Shows a dialog until it is closed. @param {HTMLDialogElement} dialog */
export function answered(dialog) {
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise(done => dialog.addEventListener('close', done, {once: true}));
}

/** @param {string} id of a field @param {(file: File) => void} take */
export const onFile = (id, take) => $(id).addEventListener('change', ({target}) => {
  if (target.files[0]) take(target.files[0]);
  target.value = ''; // so that the same one can be chosen again
});

/** @param {'' | 'wait' | 'live'} state @param {string} text @param {?number} part of what is waited for, if known */
export function setStatus(state, text, part = null) {
  $('progress').hidden = state !== 'wait';
  part === null ? $('progress').removeAttribute('value') : $('progress').value = part;
  $('status').dataset.state = state;
  if ($('status').textContent !== text) $('status').textContent = text;
}

/** @param {Error} error @param {?(() => void)} again what the user may try once more */
export function showError(error, again = null) {
  if (error instanceof Cancelled) return;
  if (!(error instanceof Refusal)) console.warn(error);
  const failed = error instanceof Refusal ? '' : 'The page failed: ';
  $('alert').querySelector('p').textContent = sentence(failed + error.message);
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
