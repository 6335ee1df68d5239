/** The page: begins it, and takes the files that are chosen or dropped. */

import {about, started} from './access.js';
import {$, onFile, setStatus, showError} from './elements.js';
import {bundled, portrait, preview, send, show} from './portraits.js';
import './embed.js';
import './listening.js';
import './recorder.js';
import {change, session, sleep} from './session.js';
import './video.js';
import {dropSound, offerVoices} from './voice.js';

export {portrait, session, sleep}; // for the console, and tests

const fetched = async button => (await fetch(button.querySelector('img').src)).blob();

const choosePicture = (picture, from = '') => change(() => send(picture, from));

onFile('picture', choosePicture);
$('bundled').addEventListener('click', () => change(async () => bundled()));
for (const id of ['mona-lisa', 'pearl-earring']) {
  $(id).addEventListener('click', async () => choosePicture(await fetched($(id)), id));
}

$('full').hidden = !document.fullscreenEnabled;
$('full').addEventListener('click', () => $('stage').requestFullscreen());

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
  setStatus('wait', 'Getting ready');
  fetched($('bundled')).then(preview);
  await started();
  $('version').textContent = about.version ? `Gioconda ${about.version} · ` : '';
  $('consent').hidden = !about.consent_required;
  $('badge').checked = about.badge ?? true;
  $('badge').disabled = about.badge_required ?? false;
  offerVoices(about);
  await show(portrait);
  setStatus('', 'Ready');
}

const start = () => begin().catch(error => {
  setStatus('', 'Not connected');
  showError(error, start);
});

start();
