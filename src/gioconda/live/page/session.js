/** The page's session: the portrait is awake, or asleep. */

import {about, query, server} from './access.js';
import {connect} from './connect.js';
import {controls} from './dials.js';
import {$, chosen, clearError, setStatus, showError, showSpeed} from './elements.js';
import {drawStill, portrait, renew, show} from './portraits.js';
import {Refusal} from './server.js';

const STATES = {idle: 'Awake', speaking: 'Speaking', interrupted: 'Interrupted'};

export const session = {
  stream: /** @type {?import('./connect.js').Live} while awake */ (null),
  muted: false,
  listening: false, // to the microphone
  ending: /** @type {(() => any)[]} what is done before it falls asleep */ ([]),
};

let waking = null;

/** Opens a session unless there is one. */
export async function wake() {
  if (!session.stream) await (waking ??= open().finally(() => { waking = null; }));
}

async function open() {
  const consent = $('allowed').value.trim();
  if (about.consent_required && !consent) {
    $('allowed').focus();
    throw new Refusal('consent', 'First say who allowed this portrait to speak.');
  }
  clearError();
  $('wake').disabled = true;
  setStatus('wait', 'Connecting');
  try {
    session.stream = await connect(server, () => begin(consent), {
      canvas: $('canvas'), video: $('video'), muted: session.muted, changed, ended,
    }, query.get('over'));
  } catch (error) {
    setStatus('', 'Ready');
    throw error;
  } finally {
    $('wake').disabled = false;
  }
  enable(true);
  setStatus('live', STATES.idle);
  showSpeed(session.stream);
  turned();
}

function enable(awake) {
  $('wake').hidden = awake;
  $('stop').disabled = $('record').disabled = !awake;
  $('badge').disabled = awake || about.badge_required; // it is drawn from the beginning or not at all
}

async function begin(consent, again = true) {
  try {
    const made = await server.post('sessions', {
      portrait: portrait.id, seed: Math.floor(Math.random() * 2 ** 31), controls: controls(),
      badge: $('badge').checked, source: chosen('kind') === 'mic' ? 'microphone' : 'speech',
      ...(consent && {consent}),
    });
    return (await made.json()).id;
  } catch (error) {
    if (error.code !== 'not-found' || !portrait.picture || !again) throw error;
    await renew();
    return begin(consent, false);
  }
}

function changed(state) {
  if (!STATES[state] || !session.stream) return;
  setStatus('live', state === 'idle' && session.listening ? 'Listening' : STATES[state]);
}

export async function sleep() {
  for (const end of session.ending) await end();
  session.stream?.close();
  session.stream = null;
  drawStill();
  enable(false);
  $('readout').textContent = '';
  setStatus('', 'Ready');
}

/** Falls asleep because of an error, and says so. */
export async function ended(error) {
  await sleep();
  showError(error, error.code === 'consent' ? null : () => wake().catch(ended));
}

/** Goes on with another portrait, awake if this one is; `get` gives null to leave it as it is. */
export async function change(get) {
  const awake = session.stream !== null;
  clearError();
  await sleep();
  setStatus('wait', 'Looking at the picture');
  $('wake').disabled = true;
  try {
    const next = await get();
    if (next) await show(next);
  } catch (error) {
    return showError(error);
  } finally {
    setStatus('', 'Ready');
    $('wake').disabled = false;
  }
  if (awake) wake().catch(ended);
}

const turned = () => session.stream?.send({do: 'set', controls: controls()});

addEventListener('turned', turned);
$('wake').addEventListener('click', () => wake().then(() => $('stop').focus(), ended));
$('stop').addEventListener('click', () => sleep().then(() => $('wake').focus()));
