/** Requests to the server, and what it refuses. Uses nothing of the page. */

export const RATE = 16000; // samples a second that the server takes and gives

// Used where the server gives no sentence of its own.
const SENTENCES = {
  busy: 'The server is busy with other portraits. Try again in a moment.',
  unreachable: 'The server cannot be reached. Is it still running?',
  late: 'The server sends no picture; it may be overloaded.',
  lost: 'The connection was lost.',
  failed: 'The server could not do that.',
};

/** Why something cannot be done, in a sentence for the user. */
export class Refusal extends Error {
  /** @param {string} code @param {string} [sentence] @param {Record<string, any>} [answer] the server's */
  constructor(code, sentence, answer = {}) {
    super(sentence || SENTENCES[code] || SENTENCES.failed);
    this.code = code;
    this.answer = answer;
  }

  /** Whether it may be gone when the server is back. */
  get passes() { return ['lost', 'late', 'unreachable', 'stopping'].includes(this.code); }
}

/** The user wants it no more. */
export class Cancelled extends Refusal {
  constructor() { super('cancelled'); }
}

/** @param {number} ms */
export const after = ms => new Promise(done => setTimeout(done, ms));

export class Server {
  #asking = null; // requests that are refused together ask for a key once

  /**
   * @param {string} key sent with each request; empty for none
   * @param {(wrong: boolean) => Promise<string>} askKey asks the user, after a wrong key or without
   * @param {() => void} starting told again and again while the server is not ready
   * @param {string} base its address, which ends in a slash
   */
  constructor(key, askKey, starting, base = document.baseURI) {
    this.key = key;
    this.askKey = askKey;
    this.starting = starting;
    this.base = base;
  }

  /** A good answer. @param {string} path @param {RequestInit} [options] @returns {Promise<Response>} */
  async ask(path, options = {}) {
    for (;;) {
      const headers = {...options.headers, ...(this.key && {Authorization: `Bearer ${this.key}`})};
      const response = await fetch(new URL(path, this.base), {...options, headers}).catch(() => {
        const foreign = new URL(this.base).origin !== location.origin;
        throw new Refusal('unreachable', foreign ? `${SENTENCES.unreachable} It must allow ${location.origin}, too.` : '');
      });
      if (response.ok) return response;
      if (response.status === 401) {
        this.#asking ??= this.askKey(this.key !== '').finally(() => { this.#asking = null; });
        this.key = await this.#asking;
        continue;
      }
      const answer = await response.json().catch(() => ({}));
      if (answer.code === 'starting') {
        await this.ready();
        continue;
      }
      const code = [429, 503].includes(response.status) ? 'busy' : 'failed';
      throw new Refusal(answer.code || code, answer.error, answer);
    }
  }

  /** What `/about` says once it has started. */
  async ready() {
    for (;; await after(500)) {
      const about = await (await this.ask('about')).json();
      if (about.state === 'failed') throw new Refusal('failed', 'The server could not start; its log says why.');
      if (about.state !== 'starting') return about;
      this.starting();
    }
  }

  /** Whether it answers at all, or may yet. @param {number} ms that it gets */
  answers(ms) {
    return fetch(new URL('about', this.base), {method: 'HEAD', signal: AbortSignal.timeout(ms)})
      .then(() => true, error => error.name === 'TimeoutError');
  }

  /** @param {string} path @param {object} body */
  post(path, body) {
    const headers = {'Content-Type': 'application/json'};
    return this.ask(path, {method: 'POST', body: JSON.stringify(body), headers});
  }
}
