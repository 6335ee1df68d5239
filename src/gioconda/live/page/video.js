/** A video to keep, marked and signed: the server makes it of the same voice, as a job. */

import {server} from './access.js';
import {controls} from './dials.js';
import {$, clearError, relabel, showError} from './elements.js';
import {portrait, renew} from './portraits.js';
import {offer} from './recorder.js';
import {Refusal} from './server.js';
import {consentGiven} from './session.js';
import {spoken} from './voice.js';

const NOTE = $('making-note').textContent;
const DONE = 'Made: download it under the portrait.';

let making = /** @type {?AbortController} */ (null);

function tell(text, part = null) {
  if ($('making-note').textContent !== text) $('making-note').textContent = text;
  part === null ? $('making').removeAttribute('value') : $('making').value = part;
}

async function begin(voice, consent, again = true) {
  const form = new FormData();
  for (const [name, value] of Object.entries({
    portrait: portrait.id, controls: JSON.stringify(controls()), badge: $('badge').checked,
    seed: Math.floor(Math.random() * 2 ** 31), ...(consent && {consent}),
  })) form.append(name, `${value}`);
  form.append('voice', new Blob([voice]), 'voice');
  try {
    return (await (await server.ask('jobs', {method: 'POST', body: form})).json()).id;
  } catch (error) {
    if (error.code !== 'not-found' || !portrait.picture || !again) throw error;
    await renew();
    return begin(voice, consent, false);
  }
}

/** Until a job is done. @param {string} job @param {AbortSignal} signal */
async function follow(job, signal) {
  const {body} = await server.ask(`jobs/${job}/events`, {signal});
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ;) {
    const {value, done} = await reader.read();
    if (done) throw new Refusal('lost');
    const events = (text + value).split('\n\n');
    text = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
      if (!name) continue; // a comment, which keeps the line open
      const said = JSON.parse(data), part = said.done / said.total;
      if (name === 'error') throw new Refusal(said.code, said.error, said);
      if (name === 'done') return;
      tell(`${Math.floor(10 * part)}0 %`, part); // by tens: it is read aloud
    }
  }
}

async function make() {
  if (making) return making.abort();
  let job = null, note = NOTE;
  const {signal} = making = new AbortController();
  try {
    const consent = consentGiven();
    clearError();
    relabel('make', 'stop', 'Cancel');
    $('making').hidden = false;
    tell('Waiting for its turn');
    job = await begin(await spoken(), consent);
    if (!signal.aborted) await follow(job, signal);
    if (signal.aborted) return;
    offer(await (await server.ask(`jobs/${job}/result`)).blob(), 'Marked and signed.');
    note = DONE;
  } catch (error) {
    if (!signal.aborted) showError(error, error.answer?.retry_after ? make : null);
  } finally {
    making = null;
    if (job) server.ask(`jobs/${job}`, {method: 'DELETE'}).catch(() => {});
    relabel('make', 'film', 'Make a video');
    $('making').hidden = true;
    tell(note);
  }
}

$('make').addEventListener('click', make);
