/** The page: begins it, and takes the files that are chosen or dropped. */

import {about, server} from './access.js';
import {$, onFile, setStatus, showError} from './elements.js';
import {bundled, portrait, send, show} from './portraits.js';
import './recorder.js';
import {change, session, sleep} from './session.js';
import {dropSound, offerVoices} from './voice.js';

export {portrait, session, sleep}; // for the console, and tests

const choosePicture = picture => change(() => send(picture));

onFile('picture', choosePicture);
$('bundled').addEventListener('click', () => change(async () => bundled()));

let depth = 0; // dragenter and dragleave also come from the elements inside
addEventListener('dragenter', () => { $('drop').hidden = ++depth < 1; });
addEventListener('dragleave', () => { $('drop').hidden = --depth < 1; });
addEventListener('dragover', event => event.preventDefault());
addEventListener('drop', event => {
  event.preventDefault();
  depth = 0;
  $('drop').hidden = true;
  const [dropped] = event.dataTransfer.files;
  if (dropped) /^(audio|video)\//.test(dropped.type) ? dropSound(dropped) : choosePicture(dropped);
});

async function begin() {
  Object.assign(about, await (await server.ask('about')).json());
  $('version').textContent = about.version ? `Gioconda ${about.version} · ` : '';
  $('consent').hidden = !about.consent_required;
  $('badge').checked = about.badge ?? true;
  $('badge').disabled = about.badge_required ?? false;
  offerVoices(about);
  await show(portrait);
  setStatus('', 'Ready');
}

begin().catch(error => {
  setStatus('', 'Not connected');
  showError(error, () => location.reload());
});
