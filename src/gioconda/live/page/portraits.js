/** Which portrait it is: sends pictures, asks whose face is meant, and draws it still. */

import {about, server} from './access.js';
import {$, answered, sentence} from './elements.js';

const SIDE = 2560; // of a picture that is written anew
const HINT = 'Choose or drop a photo, painting or drawing of one face, seen from the front.';

/**
 * `picture` is the file, to be sent again; `face` is which of several, from 1, or 0 for the only one;
 * `from` is the button that chose it.
 * @typedef {{id: string, picture: ?Blob, face: number, from: string, note?: string, still?: ImageBitmap}} Portrait
 */

/** @returns {Portrait} */
export const bundled = () => ({id: 'example', picture: null, face: 0, from: 'bundled'});

export let portrait = bundled();

/** Null if the user turns back. @param {Blob} picture @param {string} from @returns {Promise<?Portrait>} */
export async function send(picture, from) {
  preview(picture);
  const made = await upload(await readable(picture));
  return made && {...made, from};
}

/** Shows a picture before the server has found its face. @param {Blob} picture */
export async function preview(picture) {
  const before = portrait, image = await createImageBitmap(picture).catch(() => null);
  if (!image || before !== portrait || $('progress').hidden) return;
  const side = Math.min(image.width, image.height), canvas = $('canvas');
  canvas.getContext('2d').drawImage(image, (image.width - side) / 2, (image.height - side) / 4,
    side, side, 0, 0, canvas.width, canvas.height);
}

/** Pictures of other kinds, and those too large, are written anew if the browser can read them. */
async function readable(picture) {
  const fits = picture.size <= (about.limits?.picture_bytes ?? Infinity);
  if (fits && /^image\/(jpeg|png|webp)$/.test(picture.type)) return picture;
  const image = await createImageBitmap(picture).catch(() => null);
  if (!image) return picture; // the server says what is wrong
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map(side => Math.round(side * scale));
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d').drawImage(image, 0, 0, width, height);
  return canvas.convertToBlob({type: 'image/jpeg', quality: 0.95});
}

async function upload(picture, face = 0) {
  const form = new FormData();
  form.append('picture', picture, 'picture');
  if (face) form.append('face', `${face}`);
  try {
    const made = await (await server.ask('portraits', {method: 'POST', body: form})).json();
    return {...made, picture, face};
  } catch (error) {
    if (error.code !== 'faces' || !error.answer.faces?.length || face) throw error;
    const chosen = await askFace(picture, error.answer.faces);
    return chosen ? upload(picture, chosen) : null;
  }
}

async function askFace(picture, boxes) {
  const frame = $('faces').querySelector('.picture'), image = new Image();
  let chosen = 0;
  image.alt = 'Your picture';
  image.onerror = () => { // of a kind that browsers cannot show: the numbers alone
    frame.classList.add('unseen');
    image.remove();
  };
  image.src = URL.createObjectURL(picture);
  frame.className = 'picture';
  frame.replaceChildren(image, ...boxes.map((box, i) => {
    const made = document.createElement('button'), number = document.createElement('span');
    const [left, top, width, height] = box.map(part => `${100 * part}%`);
    Object.assign(made.style, {left, top, width, height});
    made.ariaLabel = `Face ${i + 1} of ${boxes.length} from the left`;
    made.onclick = () => { chosen = i + 1; $('faces').close(); };
    number.textContent = `${i + 1}`;
    made.append(number);
    return made;
  }));
  await answered($('faces'));
  URL.revokeObjectURL(image.src);
  return chosen;
}

/** Sends the picture again: the server deletes it with its last session. */
export async function renew() {
  Object.assign(portrait, await upload(portrait.picture, portrait.face));
}

/** Makes a portrait the page's, cut as the frames will be. @param {Portrait} next */
export async function show(next) {
  const response = await server.ask(`portraits/${next.id}/picture`);
  next.still = await createImageBitmap(await response.blob());
  portrait = next;
  for (const each of $('gallery').querySelectorAll('button')) each.ariaPressed = each.id === next.from;
  const name = next.from ? $(next.from).querySelector('img').alt : 'your own picture';
  for (const id of ['canvas', 'video']) $(id).ariaLabel = `The portrait: ${name}`;
  drawStill();
  $('note').textContent = next.note ? sentence(next.note) : HINT;
}

export function drawStill() {
  const canvas = $('canvas');
  if (portrait.still) {
    canvas.getContext('2d').drawImage(portrait.still, 0, 0, canvas.width, canvas.height);
  }
}
