/** The voice: microphone, audio file or text, and what of it is heard here. */

import {server} from './access.js';
import {AudioInput} from './audio.js';
import {$, chosen, clearError, onFile, relabel, showError} from './elements.js';
import {offer} from './languages.js';
import {Refusal} from './server.js';
import {session, sleep, wake} from './session.js';

const GREETING = 'Hello! I was a still picture until a moment ago. Write what I should say, and press Speak.';

let source = /** @type {?{id: string} & Partial<import('./audio.js').Source>} what is heard now, or is to be */ (null);
let file = /** @type {?{get: () => Promise<ArrayBuffer>, sound: ?AudioBuffer}} */ (null);
let soundChosen = false; // by the user; otherwise it follows the kind of voice

const input = new AudioInput(samples => {
  if (!source) return;
  session.stream?.say(samples);
  const loud = Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length);
  $('level').style.width = `${Math.min(100, 160 * Math.sqrt(loud))}%`;
});

/** Says something; pressed again, it stops. @param {string} id of its button @param {() => Promise<import('./audio.js').Source>} make */
async function speak(id, make) {
  const same = source?.id === id;
  stop();
  if (same) {
    if (!session.stream) sleep();
    return;
  }
  const mine = source = {id};
  let made = null;
  relabel(id, 'stop', 'Cancel');
  try {
    clearError();
    await input.open();
    made = await make();
    if (source === mine) await wake();
  } catch (error) {
    made?.stop();
    if (source !== mine) return; // it is not wanted any more
    stop();
    return showError(error, error.answer?.retry_after || error.code === 'unreachable' ? () => speak(id, make) : null);
  }
  if (source !== mine) return made.stop();
  Object.assign(mine, made);
  session.listening = id === 'mic';
  made.node.connect(input.hub);
  session.stream.send({do: 'source', source: session.listening ? 'microphone' : 'speech'});
  session.stream.speak(input.track);
  made.start();
  relabel(id, 'stop', session.listening ? 'Stop listening' : 'Stop speaking');
}

/** Ends what is heard; `cut` throws away what was said but not yet seen. */
function stop(cut = true) {
  if (!source) return;
  const {id, node, stop} = source, {stream} = session, mic = id === 'mic';
  source = null;
  session.listening = false;
  $('level').style.width = 0;
  relabel(id, mic ? 'mic' : 'play', 'Speak');
  if (!node) return;
  node.disconnect();
  stop();
  if (!stream) return;
  cut &&= !mic;
  setTimeout(() => {
    if (source || stream !== session.stream) return;
    stream.speak(null);
    cut ? stream.interrupt() : stream.send({do: 'end_of_speech'});
  }, cut ? 0 : stream.tail);
}

async function microphone() {
  const made = await input.microphone(() => session.listening && stop());
  if (!soundChosen) setSound(false);
  return made;
}

function recording(sound) {
  if (!soundChosen) setSound(true);
  const made = input.recording(sound, () => source?.node === made.node && stop(false));
  return made;
}

async function readFile() {
  file.sound ??= await input.decode(await file.get());
  return recording(file.sound);
}

/** The file, or the text read aloud, whichever is chosen. @returns {Promise<ArrayBuffer>} */
export async function spoken() {
  if (chosen('kind') === 'text') return readAloud();
  if (!file) throw new Refusal('not-a-sound', 'First choose an audio file.');
  return file.get();
}

async function readAloud() {
  const text = $('text').value.trim();
  if (!text) {
    $('text').focus();
    throw new Refusal('text', 'First write what the portrait should say.');
  }
  return (await server.post('speech', {text, voice: $('voice').value})).arrayBuffer();
}

const readText = async () => recording(await input.decode(await readAloud()));

function setSound(on) {
  session.muted = !on;
  relabel('sound', on ? 'sound' : 'mute', 'Sound', on);
  if (session.stream) session.stream.muted = !on;
}

function chooseSound(name, get) {
  stop();
  clearError();
  file = {get, sound: null};
  $('audio-name').textContent = name;
  $('play').disabled = false;
}

function chooseKind(kind) {
  /** @type {any} */ (document.querySelector(`[name=kind][value=${kind}]`)).checked = true;
}

const chooseFile = chosen => chooseSound(chosen.name, () => chosen.arrayBuffer());

/** @param {File} chosen that was dropped on the page */
export function dropSound(chosen) {
  chooseKind('file');
  chooseFile(chosen);
}

/** Offers what the server can read and play. @param {Record<string, any>} about */
export function offerVoices({speech: voices = [], example_voice: example}) {
  $('reader').hidden = !voices.length;
  $('no-reader').hidden = voices.length > 0;
  if (!voices.length) chooseKind('mic');
  else if (offer(voices) === 'en') $('text').value ||= GREETING;
  $('example').hidden = !example;
}

session.ending.push(() => stop(false));
session.resume = () => speak('mic', microphone);
$('mic').addEventListener('click', () => speak('mic', microphone));
$('play').addEventListener('click', () => speak('play', readFile));
$('say').addEventListener('click', () => speak('say', readText));
$('sound').addEventListener('click', () => { soundChosen = true; setSound(session.muted); });
onFile('audio', chooseFile);
$('example').addEventListener('click', () => {
  chooseSound('The bundled voice', async () => (await server.ask('voices/example')).arrayBuffer());
});
