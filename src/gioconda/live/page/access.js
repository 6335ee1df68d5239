/** The page's server: its key, and what it is and allows. */

import {$, answered} from './elements.js';
import {Refusal, Server} from './server.js';
import {setStatus} from './status.js';

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

const key = keep(query.get('key') || sessionStorage.getItem('key') || '');

export const server = new Server(key, askKey, () => setStatus('wait', 'The server is warming up'));

/** The answer of `/about`, once there. @type {Record<string, any>} */
export const about = {};

export async function load() {
  Object.assign(about, await (await server.ask('about')).json());
}

$('no-key').addEventListener('click', () => $('lock').close());
