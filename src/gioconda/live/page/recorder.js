/** Records what is seen and heard, to be downloaded. */

import {$, relabel, showError} from './elements.js';
import {Refusal} from './server.js';
import {session} from './session.js';

const BITS = 3e6; // a second
const TYPES = [
  'video/mp4;codecs=avc1.42E01F,mp4a.40.2', 'video/mp4;codecs=avc1.42E01F,opus',
  'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4',
];

/** As minutes and seconds. @param {number} ms */
const time = ms => new Date(ms).toISOString().slice(14, 19).replace(/^0/, '');

let recorder = null, saved = Promise.resolve();

function start() {
  const mimeType = TYPES.find(MediaRecorder.isTypeSupported), pieces = [], began = Date.now();
  recorder = new MediaRecorder(session.stream.record(), {mimeType, videoBitsPerSecond: BITS});
  recorder.ondataavailable = ({data}) => data.size && pieces.push(data);
  const clock = setInterval(() => relabel('record', 'stop', time(Date.now() - began)), 500);
  saved = new Promise(done => {
    recorder.onstop = () => {
      clearInterval(clock);
      recorder.stream.getVideoTracks()[0].stop();
      relabel('record', 'dot', 'Record', false);
      $('record').removeAttribute('aria-label');
      offer(new Blob(pieces, {type: recorder.mimeType.split(';')[0]}), 'Marked, not signed.');
      recorder = null;
      done();
    };
  });
  $('made').hidden = true;
  recorder.start(1000);
  relabel('record', 'stop', time(0), true);
  $('record').setAttribute('aria-label', 'Recording');
}

/** Offers a clip to be downloaded. @param {Blob} clip @param {string} note */
export function offer(clip, note) {
  if ($('clip').href) URL.revokeObjectURL($('clip').href);
  $('clip').href = URL.createObjectURL(clip);
  $('clip').download = `gioconda.${clip.type.split('/')[1]}`;
  $('clip-note').textContent = note;
  $('made').hidden = false;
}

function stop() {
  if (recorder?.state === 'recording') recorder.stop();
  return saved;
}

session.ending.push(stop);
$('record').addEventListener('click', () => {
  try {
    recorder ? stop() : start();
  } catch {
    showError(new Refusal('record', 'This browser cannot record.'));
  }
});
