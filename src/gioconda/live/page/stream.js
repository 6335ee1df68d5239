/** What both ways to a live portrait share. Uses nothing of the page. */

import {after, Refusal, Server} from './server.js';

/**
 * A WebSocket is drawn on the canvas, a call shown in the video; `ended` only if it was not closed here.
 * @typedef {{canvas: HTMLCanvasElement, video: HTMLVideoElement, muted: boolean,
 *   changed: (state: string) => void, ended: (why: Error) => void}} Output
 */

const STALLED_MS = 2000; // of nothing until it is said, and the server is asked whether it is there,
const LOST_MS = 8000; // and until it is given up

/** A session's picture and sound. Subclasses have `label`, `muted`, `delay` and `record`. */
export class Stream {
  frames = 0; // shown so far
  statistics = /** @type {Record<string, number>} the server's last */ ({});
  tail = 0; // milliseconds of sound still on their way when its source has ended
  closed = false;
  /** @type {any} of JSON messages: a WebSocket or a RTCDataChannel */
  channel;
  heard = performance.now(); // when anything came last
  #state = '';
  #refusal = null;
  #refused = 0;
  #again = 0;

  /** @param {Server} server @param {Output} output */
  constructor(server, output) {
    this.server = server;
    this.output = output;
    /** Until the first picture. @type {Promise<void>} */
    this.ready = new Promise((done, fail) => {
      this.started = () => {
        this.started = () => {};
        this.failed = output.ended;
        this.#watch();
        done();
      };
      this.failed = fail;
    });
  }

  /** @param {string} text a message of the server */
  read(text) {
    if (this.closed) return; // a last word of the server's is not about what is shown now
    const {error, code, state, statistics} = JSON.parse(text);
    this.heard = performance.now();
    if (error) [this.#refusal, this.#refused] = [new Refusal(code, error), Date.now()];
    if (statistics) this.statistics = statistics;
    if (state) this.output.changed(this.#state = state);
  }

  /** A server that dies does not say so. */
  async #watch() {
    for (let stalled = false; !this.closed; await after(250)) {
      const silent = performance.now() - this.heard;
      if (stalled !== (stalled = silent > STALLED_MS)) {
        this.output.changed(stalled ? 'stalled' : this.#state);
      }
      if (stalled && (silent > LOST_MS || !await this.server.answers(1000))) this.lost();
    }
  }

  /** The connection is gone; the server's last refusal is why only if it has just come. */
  lost() {
    if (this.closed) return;
    this.closed = true;
    this.failed(Date.now() - this.#refused < 2000 ? this.#refusal : new Refusal('lost'));
  }

  /** @param {Float32Array} samples of the voice, for a stream that has no track for it */
  say(samples) {}

  /** @param {?MediaStreamTrack} track of the voice, for a stream that sends tracks */
  speak(track) { if (track) clearTimeout(this.#again); }

  /** Falls silent at once, and once more when sound that is still on its way has come. */
  interrupt() {
    this.send({do: 'interrupt'});
    clearTimeout(this.#again);
    if (this.tail) this.#again = setTimeout(() => this.send({do: 'interrupt'}), this.tail);
  }

  get open() { return [WebSocket.OPEN, 'open'].includes(this.channel.readyState); }

  /** @param {object} message */
  send(message) { if (this.open) this.channel.send(JSON.stringify(message)); }

  close() {
    this.send({do: 'close'});
    this.closed = true;
  }
}
