/** The page's session: the portrait is awake, or asleep. */

import {about, query, server, started} from './access.js';
import {connect} from './connect.js';
import {controls} from './dials.js';
import {$, chosen, clearError, setStatus, showError, showSpeed} from './elements.js';
import {enter} from './enter.js';
import {drawStill, portrait, renew, show} from './portraits.js';
import {after, Cancelled, Refusal} from './server.js';

const STATES = {idle: 'Awake', speaking: 'Speaking', interrupted: 'Interrupted'};
const BRIEF_MS = 10000; // a session that ends so soon,
const BRIEF = 3; // so often in a row, is not begun again

export const session = {
  stream: /** @type {?import('./connect.js').Live} while awake */ (null),
  muted: false,
  listening: false, // to the microphone
  ending: /** @type {(() => any)[]} what is done before it falls asleep */ ([]),
  resume: () => {}, // listens to the microphone again
};

let waking = null, wanted = new AbortController(), woke = 0, brief = 0;

/** Opens a session unless there is one. */
export async function wake() {
  if (wanted.signal.aborted) await waking?.catch(() => {}); // until what was cancelled has ended
  if (!session.stream) await (waking ??= open().finally(() => { waking = null; }));
}

async function open() {
  const consent = consentGiven();
  const {signal} = wanted = new AbortController();
  enable('waking');
  setStatus('wait', 'Connecting');
  try {
    const stream = await connect(server, () => begin(consent, signal), {
      canvas: $('canvas'), video: $('video'), muted: session.muted, changed, ended,
    }, query.get('over'));
    if (signal.aborted) {
      stream.close();
      throw new Cancelled();
    }
    session.stream = stream;
  } catch (error) {
    if (!signal.aborted) rest();
    throw error;
  }
  woke = Date.now();
  enable('awake');
  setStatus('live', STATES.idle);
  showSpeed(session.stream);
  turned();
}

/** Null where none is demanded. */
export function consentGiven() {
  const consent = $('allowed').value.trim();
  if (about.consent_required && !consent) {
    $('allowed').focus();
    throw new Refusal('consent', 'First say who allowed this portrait to speak.');
  }
  return consent || null;
}

/** @param {'asleep' | 'waking' | 'awake'} state */
function enable(state) {
  const focused = document.activeElement;
  $('wake').hidden = state !== 'asleep';
  $('stop').hidden = state === 'asleep';
  $('stop').querySelector('span').textContent = state === 'waking' ? 'Cancel' : 'Stop';
  if (focused === $('wake') || focused === $('stop')) (state === 'asleep' ? $('wake') : $('stop')).focus();
  $('record').disabled = state !== 'awake';
  $('badge').disabled = state !== 'asleep' || about.badge_required; // drawn from the beginning or not at all
}

const begin = (consent, signal) => enter(server, () => ({
  portrait: portrait.id, seed: Math.floor(Math.random() * 2 ** 31), controls: controls(),
  badge: $('badge').checked, source: chosen('kind') === 'mic' ? 'microphone' : 'speech',
  ...(consent && {consent}),
}), {signal, told: text => setStatus('wait', text), renew: portrait.picture && renew});

function changed(state) {
  if (!session.stream) return;
  if (state === 'stalled') return setStatus('wait', 'No picture comes. Waiting for the server');
  const shown = STATES[state] ?? STATES.idle;
  setStatus('live', state === 'idle' && session.listening ? 'Listening' : shown);
}

export async function sleep() {
  wanted.abort();
  for (const end of session.ending) await end();
  session.stream?.close();
  session.stream = null;
  drawStill();
  $('readout').textContent = '';
  rest();
}

function rest() {
  enable('asleep');
  setStatus('', 'Ready');
}

/** Begins again where the connection is lost; else falls asleep, and says why. */
export async function ended(error) {
  const {listening} = session;
  brief = Date.now() - woke < BRIEF_MS ? brief + 1 : 0;
  await sleep();
  if (!error.passes || brief > BRIEF) return failed(error);
  const {signal} = wanted = new AbortController();
  enable('waking');
  for (; !signal.aborted; await after(1000)) {
    setStatus('wait', 'The connection was lost. Trying to get it back');
    try {
      await started();
      if (signal.aborted) break;
      await wake();
      return listening && session.resume();
    } catch (why) {
      if (signal.aborted) return;
      if (!why.passes) return failed(why);
      enable('waking');
    }
  }
}

function failed(error) {
  if (!wanted.signal.aborted) rest();
  showError(error, error.code === 'consent' ? null : () => wake().catch(failed));
}

/** Goes on with another portrait, awake if this one is; `get` gives null to leave it as it is. */
export async function change(get) {
  const awake = session.stream ?? (wanted.signal.aborted ? null : waking);
  clearError();
  await sleep();
  setStatus('wait', 'Finding the face');
  $('wake').disabled = true;
  try {
    const next = await get();
    if (next) await show(next);
  } catch (error) {
    showError(error);
  } finally {
    drawStill();
    setStatus('', 'Ready');
    $('wake').disabled = false;
  }
  if (awake) wake().catch(failed);
}

const turned = () => session.stream?.send({do: 'set', controls: controls()});

addEventListener('turned', turned);
$('wake').addEventListener('click', () => {
  clearError();
  wake().catch(failed);
});
$('stop').addEventListener('click', sleep);
