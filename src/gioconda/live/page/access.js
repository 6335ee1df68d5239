/** The page's server: its key, and what it is and allows. */

import {$, answered, setStatus} from './elements.js';
import {Refusal, Server} from './server.js';

export const query = new URLSearchParams(location.search);

function keep(key) {
  sessionStorage.setItem('key', key);
  $('programs').href = key ? `docs?key=${encodeURIComponent(key)}` : 'docs';
  return key;
}

async function askKey(wrong) {
  $('wrong').hidden = !wrong;
  const answer = answered($('lock'));
  $('key').select();
  await answer;
  if ($('lock').returnValue !== 'go') throw new Refusal('key', 'This server needs a key.');
  return keep($('key').value.trim());
}

if (query.has('key')) { // not left where others see it, nor in the history
  const rest = new URLSearchParams(query);
  rest.delete('key');
  history.replaceState(null, '', location.pathname + (rest.size ? `?${rest}` : '') + location.hash);
}
const key = keep(query.get('key') || sessionStorage.getItem('key') || '');

export const server = new Server(key, askKey, starting);

/** The answer of `/about`, once the server is ready. @type {Record<string, any>} */
export const about = {};

let began = 0;

function starting() {
  began ||= Date.now();
  setStatus('wait', 'The server is starting');
  $('readout').textContent = `${Math.round((Date.now() - began) / 1000)} s`;
}

/** Waits until the server has started, and tells so. */
export async function started() {
  Object.assign(about, await server.ready());
  $('readout').textContent = '';
  began = 0;
}

$('no-key').addEventListener('click', () => $('lock').close());
