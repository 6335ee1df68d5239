/**
 * `<gioconda-portrait>`: a portrait on any page, which speaks by a Gioconda server.
 *
 * Attributes: `server` (its address; else the one that this file comes from), `src` (a picture with a
 * face) or `portrait` (an id; else the bundled one), `voice` (that reads aloud), `muted`,
 * `access-key`, `consent`. It sets `state` itself: asleep, waiting, idle, speaking, interrupted.
 * Events, with `detail`: `state` ({state, text}); `error` ({code, message}).
 */

import {AudioInput} from './audio.js';
import {connect} from './connect.js';
import {enter} from './enter.js';
import {after, Refusal, Server} from './server.js';

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: block; position: relative; aspect-ratio: 1; overflow: hidden; }
  :host([hidden]) { display: none; }
  canvas, video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
  :host(:not([state=waiting])) progress, [hidden] { display: none; }
  :host([state=waiting]) :is(canvas, video) { filter: saturate(.4) brightness(.75); }
  progress { position: absolute; inset: auto 12% 8%; width: 76%; height: .7rem; }
`);

const LOST = 'The connection was lost. Trying to get it back';

export class GiocondaPortrait extends HTMLElement {
  static observedAttributes = ['server', 'src', 'portrait', 'muted', 'access-key'];

  #stream = /** @type {?import('./connect.js').Live} */ (null);
  #source = /** @type {?import('./audio.js').Source} */ (null);
  #input = new AudioInput(samples => this.#source && this.#stream?.say(samples));
  #canvas = document.createElement('canvas');
  #video = document.createElement('video');
  #progress = document.createElement('progress');
  #controls = {};
  #waking = /** @type {?Promise<void>} */ (null);
  #wanted = new AbortController();
  #portrait = /** @type {?string} its id on the server, once it is there */ (null);

  constructor() {
    super();
    Object.assign(this.#canvas, {width: 512, height: 512, role: 'img', ariaLabel: 'Portrait'});
    Object.assign(this.#video, {playsInline: true, hidden: true, ariaLabel: 'Portrait'});
    this.#progress.ariaLabel = '';
    const root = this.attachShadow({mode: 'open'});
    root.adoptedStyleSheets = [STYLE];
    root.append(this.#canvas, this.#video, this.#progress);
  }

  async connectedCallback() {
    await this.#show().catch(error => this.#fail(error));
    if (!this.#stream && !this.#waking) this.#tell('asleep');
  }

  disconnectedCallback() { this.sleep(); }

  attributeChangedCallback(name) {
    if (name === 'muted') {
      if (this.#stream) this.#stream.muted = this.muted;
    } else if (this.isConnected) {
      this.sleep();
      this.#portrait = null;
      this.connectedCallback();
    }
  }

  get state() { return this.getAttribute('state') ?? 'asleep'; }

  get muted() { return this.hasAttribute('muted'); }
  set muted(muted) { this.toggleAttribute('muted', muted); }

  get #server() {
    const base = new URL(this.getAttribute('server') ?? '../../', import.meta.url).href;
    const refuse = () => Promise.reject(new Refusal('key', 'This server needs a key.'));
    const starting = () => this.#tell('waiting', 'The server is starting');
    return new Server(this.getAttribute('access-key') ?? '', refuse, starting, base.replace(/\/?$/, '/'));
  }

  /** Begins a session unless there is one; waits for the server, and for its turn. */
  async wake() {
    try {
      await this.#begin('Connecting');
    } catch (error) {
      this.#tell('asleep');
      throw error;
    }
  }

  async #begin(why) {
    if (!this.#stream) await (this.#waking ??= this.#open(why).finally(() => { this.#waking = null; }));
  }

  /** Ends the session. */
  sleep() {
    this.#leave();
    this.#tell('asleep');
  }

  #leave() {
    this.#wanted.abort();
    this.#stop();
    this.#stream?.close();
    this.#stream = null;
  }

  /** Says a text. @param {string} text @param {?string} voice of the server's; else its first */
  async say(text, voice = this.getAttribute('voice')) {
    await this.#input.open(); // while the press that asks for it counts
    const [sound] = await Promise.all([this.#read(text, voice), this.wake()]);
    await this.play(sound);
  }

  async #read(text, voice) {
    const server = this.#server;
    voice ??= (await server.ready()).speech[0]?.voice;
    if (!voice) throw new Refusal('no-voice', 'This server cannot read text aloud.');
    return (await server.post('speech', {text, voice})).arrayBuffer();
  }

  /** Speaks a sound file. @param {ArrayBuffer} sound */
  async play(sound) {
    await this.#input.open();
    const buffer = await this.#input.decode(sound);
    await this.#speak(this.#input.recording(buffer, () => this.#stop()), 'speech');
  }

  /** Follows the visitor's microphone until `interrupt`. */
  async microphone() {
    await this.#input.open();
    await this.#speak(await this.#input.microphone(() => this.#stop()), 'microphone');
  }

  /** Falls silent at once. */
  interrupt() {
    this.#stop(false);
    this.#stream?.interrupt();
  }

  /** Turns dials, by the names of docs/controls.md. @param {Record<string, any>} controls */
  set(controls) {
    Object.assign(this.#controls, controls);
    this.#stream?.send({do: 'set', controls});
  }

  async #speak(source, kind) {
    try {
      await this.wake();
    } catch (error) {
      source.stop();
      throw error;
    }
    this.interrupt();
    this.#source = source;
    source.node.connect(this.#input.hub);
    this.#stream.send({do: 'source', source: kind});
    this.#stream.speak(this.#input.track);
    source.start();
  }

  #stop(whole = true) {
    const source = this.#source, stream = this.#stream;
    if (!source) return;
    this.#source = null;
    source.node.disconnect();
    source.stop();
    if (!whole) return stream?.speak(null);
    setTimeout(() => {
      if (this.#source) return;
      stream?.speak(null);
      stream?.send({do: 'end_of_speech'});
    }, stream?.tail);
  }

  /** Sends the picture, if there is one, and shows it at rest. */
  async #show() {
    const server = this.#server, src = this.getAttribute('src');
    await server.ready();
    if (src && !this.#portrait) {
      const picture = await fetch(src).catch(() => null), form = new FormData();
      if (!picture?.ok) throw new Refusal('src', `The picture ${src} cannot be loaded from this page.`);
      form.append('picture', await picture.blob(), 'picture');
      this.#portrait = (await (await server.ask('portraits', {method: 'POST', body: form})).json()).id;
    }
    this.#portrait ??= this.getAttribute('portrait') ?? 'example';
    const still = await server.ask(`portraits/${this.#portrait}/picture`);
    this.#canvas.getContext('2d').drawImage(await createImageBitmap(await still.blob()), 0, 0, 512, 512);
  }

  async #open(why) {
    const {signal} = this.#wanted = new AbortController(), server = this.#server;
    const told = text => this.#tell('waiting', text);
    const renew = this.hasAttribute('src') ? () => { this.#portrait = null; return this.#show(); } : null;
    told(why);
    if (!this.#portrait) await this.#show();
    const request = () => ({
      portrait: this.#portrait, controls: this.#controls, seed: Math.floor(Math.random() * 2 ** 31),
      ...(this.hasAttribute('consent') && {consent: this.getAttribute('consent')}),
    });
    this.#stream = await connect(server, () => enter(server, request, {signal, told, renew}), {
      canvas: this.#canvas, video: this.#video, muted: this.muted,
      changed: state => this.#tell(state === 'stalled' ? 'waiting' : state),
      ended: error => this.#ended(error),
    });
    if (signal.aborted) this.sleep();
    else this.#tell('idle');
  }

  /** Comes back by itself where the connection was lost. */
  async #ended(error) {
    this.#leave();
    this.#fail(error);
    const {signal} = this.#wanted = new AbortController();
    while (error.passes && !signal.aborted && this.isConnected) {
      this.#tell('waiting', LOST);
      await after(1000);
      if (signal.aborted) return;
      try {
        return await this.#begin(LOST);
      } catch (why) {
        error = why;
        if (!why.passes) this.#fail(why);
      }
    }
    this.#tell('asleep');
  }

  #fail({code, message}) {
    this.dispatchEvent(new CustomEvent('error', {detail: {code, message}}));
  }

  #tell(state, text = '') {
    if (state === this.getAttribute('state') && text === this.#progress.ariaLabel) return;
    this.setAttribute('state', state);
    this.#progress.ariaLabel = text;
    this.dispatchEvent(new CustomEvent('state', {detail: {state, text}}));
  }
}

customElements.define('gioconda-portrait', GiocondaPortrait);
