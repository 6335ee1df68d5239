/** Small pieces of the page. */

/** @param {string} id @returns {any} the element */
export const $ = id => document.getElementById(id);

/** @param {string} name of radio buttons */
export const chosen = name => /** @type {any} */ (document.querySelector(`[name=${name}]:checked`)).value;

/** @param {string} text */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : whole + '.';
}

/** @param {string} id of a button @param {string} icon @param {string} text @param {?boolean} pressed */
export function relabel(id, icon, text, pressed = null) {
  $(id).querySelector('use').setAttribute('href', `#i-${icon}`);
  $(id).querySelector('span').textContent = text;
  if (pressed !== null) $(id).setAttribute('aria-pressed', pressed);
}

/** Shows a dialog until it is closed. @param {HTMLDialogElement} dialog */
export function answered(dialog) {
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise(done => dialog.addEventListener('close', done, {once: true}));
}

/** @param {string} id of a field @param {(file: File) => void} take */
export const onFile = (id, take) => $(id).addEventListener('change', ({target}) => {
  if (target.files[0]) take(target.files[0]);
  target.value = ''; // so that the same one can be chosen again
});
