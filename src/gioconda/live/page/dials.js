/** The dials: gaze, distance, head motion, blinks, emotion. */

import {$, chosen} from './elements.js';

const FACTORS = ['distance', 'amplitude', 'articulation', 'blinks'];
const RANGE = 72; // degrees across the pad

let gaze = null, waiting = null;

/** What the server calls controls. */
export function controls() {
  const emotion = chosen('emotion');
  return {
    gaze, ...Object.fromEntries(FACTORS.map(id => [id, +$(id).value])),
    emotion: emotion === 'auto' ? emotion : emotion ? {[emotion]: +$('strength').value} : {},
  };
}

function turn() {
  const [yaw, pitch] = gaze ?? [0, 0], fixed = ['', 'auto'].includes(chosen('emotion'));
  const across = yaw ? `${Math.abs(yaw)}° ${yaw > 0 ? 'right' : 'left'}` : '';
  const along = pitch ? `${Math.abs(pitch)}° ${pitch > 0 ? 'up' : 'down'}` : '';
  $('o-gaze').textContent = gaze ? [across, along].filter(Boolean).join(', ') || 'at you' : 'free';
  for (const [id, value, text] of [['yaw', yaw, across || 'straight'], ['pitch', pitch, along || 'level']]) {
    $(id).value = value;
    $(id).setAttribute('aria-valuetext', gaze ? text : 'free');
  }
  $('free').checked = !gaze;
  $('pad').classList.toggle('free', !gaze);
  const percent = degrees => `${50 + 100 * degrees / RANGE}%`;
  Object.assign($('dot').style, {left: percent(yaw), top: percent(-pitch)});
  const say = (id, text) => {
    $('o-' + id).textContent = text;
    $(id).setAttribute('aria-valuetext', text);
  };
  for (const id of FACTORS) say(id, `${(+$(id).value).toFixed(2).replace(/0$/, '')} ×`);
  $('strength').disabled = fixed;
  say('strength', fixed ? '' : `${Math.round(100 * $('strength').value)} %`);
  waiting ??= setTimeout(() => { // a drag gives more events than frames
    waiting = null;
    dispatchEvent(new Event('turned'));
  }, 50);
}

function look(...degrees) {
  gaze = degrees.map(each => Math.max(-30, Math.min(30, Math.round(each))));
  turn();
}

function reset() {
  gaze = null;
  for (const id of FACTORS) $(id).value = 1;
  $('strength').value = 0.6;
  $('emotions').querySelector('input').checked = true;
  turn();
}

function point({clientX, clientY}) {
  const box = $('pad').getBoundingClientRect();
  look(RANGE * ((clientX - box.left) / box.width - 0.5),
    RANGE * (0.5 - (clientY - box.top) / box.height));
}

$('pad').addEventListener('pointerdown', event => {
  event.preventDefault();
  $('pad').setPointerCapture(event.pointerId);
  $('yaw').focus({focusVisible: false});
  point(event);
});
$('pad').addEventListener('pointermove', event => {
  if ($('pad').hasPointerCapture(event.pointerId)) point(event);
});
$('pad').addEventListener('keydown', event => {
  const [yaw, pitch] = gaze ?? [0, 0], step = event.shiftKey ? 5 : 1;
  const to = {
    ArrowLeft: [yaw - step, pitch], ArrowRight: [yaw + step, pitch],
    ArrowUp: [yaw, pitch + step], ArrowDown: [yaw, pitch - step], Home: [0, 0],
  }[event.key];
  if (!to) return;
  event.preventDefault(); // both sliders of the pad answer to all four arrows
  look(...to);
});
for (const id of ['yaw', 'pitch']) {
  $(id).addEventListener('input', () => look(+$('yaw').value, +$('pitch').value));
}
$('free').addEventListener('change', () => {
  gaze = $('free').checked ? null : [0, 0];
  turn();
});
for (const id of [...FACTORS, 'strength']) $(id).addEventListener('input', turn);
$('emotions').addEventListener('change', turn);
$('rest').addEventListener('click', reset);
reset();
