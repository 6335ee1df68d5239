/** The voices that read aloud, by language: the visitor's own first. */

import {$} from './elements.js';

const base = code => code.toLowerCase().split('-')[0];
const names = new Intl.DisplayNames(navigator.languages, {type: 'language', fallback: 'none'});

let voices = /** @type {{voice: string, name: string}[]} best first */ ([]);

function title(language) {
  try {
    return names.of(language) ?? language;
  } catch { // espeak has codes of its own
    return voices.find(({voice}) => base(voice) === language).name;
  }
}

function group(label, languages) {
  const made = document.createElement('optgroup');
  made.label = label;
  made.append(...languages.map(language => new Option(title(language), language)));
  return made;
}

/** Offers the voices of a language; one of the visitor's own country if there is one. */
function choose(language) {
  const spoken = voices.filter(({voice}) => base(voice) === language);
  const own = spoken.find(({voice}) => navigator.languages.some(each => each.toLowerCase() === voice));
  $('language').value = language;
  $('voice').replaceChildren(...spoken.map(({voice, name}) => new Option(name, voice)));
  $('voice').value = (spoken[0] === voices[0] ? spoken[0] : own ?? spoken[0]).voice;
  $('voice').hidden = spoken.length === 1;
}

/** @param {{voice: string, name: string}[]} offered best first @returns {string} the language chosen */
export function offer(offered) {
  voices = offered;
  const all = [...new Set(voices.map(({voice}) => base(voice)))];
  const own = [...new Set(navigator.languages.map(base))].filter(each => all.includes(each));
  const others = all.filter(each => !own.includes(each)).sort((a, b) => title(a).localeCompare(title(b)));
  $('language').replaceChildren(group('Yours', own), group('All', others));
  const language = own[0] ?? (all.includes('en') ? 'en' : all[0]);
  $('language').hidden = all.length === 1;
  choose(language);
  return language;
}

$('language').addEventListener('change', () => choose($('language').value));
