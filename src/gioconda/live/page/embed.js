/** The code that puts the portrait on another page. */

import {$} from './elements.js';

$('embed').textContent = `<script type="module" src="${new URL('page/latest/gioconda-portrait.js', document.baseURI)}"></script>
<gioconda-portrait id="portrait"></gioconda-portrait>
<button onclick="portrait.say('Hello!')">Speak</button>`;

$('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText($('embed').textContent);
    $('copied').textContent = 'Copied';
  } catch { // not allowed: it is selected, for the keyboard
    getSelection().selectAllChildren($('embed'));
    $('copied').textContent = 'Selected: copy it with the keyboard';
  }
});
