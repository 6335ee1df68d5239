/** A live portrait over a WebSocket: frames wait for their sound. Uses nothing of the page. */

import {RATE} from './server.js';
import {Stream} from './stream.js';

export class SocketStream extends Stream {
  label = 'WebSocket';
  #lead = 0.08; // seconds between a frame's arrival and its sound, grown when frames come late
  #base = null; // where on the sound card's clock the session's clock has its zero
  #spare = []; // of the last frames: seconds they came before their sound
  #coded = []; // pictures as they came,
  #decoding = false;
  #queue = []; // and those that can be drawn
  #recorded = /** @type {?[DelayNode, MediaStreamAudioDestinationNode]} its sound, once it is recorded */ (null);

  constructor(server, id, output) {
    super(server, output);
    this.context = new AudioContext({sampleRate: RATE, latencyHint: 'interactive'});
    this.context.resume();
    this.sound = this.context.createGain();
    this.gain = this.context.createGain();
    this.sound.connect(this.gain).connect(this.context.destination);
    this.muted = output.muted;
    const url = new URL(`sessions/${id}/stream?format=jpeg`, server.base);
    url.protocol = url.protocol.replace('http', 'ws');
    this.channel = new WebSocket(url);
    this.channel.binaryType = 'arraybuffer';
    this.channel.onopen = () => server.key && this.send({key: server.key});
    this.channel.onmessage = ({data}) => {
      if (typeof data === 'string') return this.read(data);
      this.heard = performance.now();
      this.#take(data);
      this.started();
    };
    this.channel.onclose = () => this.lost();
    this.#draw();
  }

  #take(data) {
    const head = new DataView(data);
    if (head.getUint8(0) !== 0) return;
    const seconds = head.getUint32(8, true) / 1000, size = head.getUint32(12, true);
    const pcm = new Int16Array(data, 16, size / 2), now = this.context.currentTime;
    this.#base ??= now + this.#lead - seconds;
    let at = this.#base + seconds;
    if (at < now + 0.01) { // came too late to be heard in time: all that follows waits longer
      this.#lead = Math.min(this.#lead * 1.5, 0.4);
      this.#base += now + this.#lead - at;
      at = now + this.#lead;
      this.#spare = [];
    } else if (this.#canCatchUp(at - now, pcm)) { // leave out a quiet frame
      this.#base -= pcm.length / RATE;
      this.#spare = [];
      return;
    }
    this.#play(pcm, at);
    if (data.byteLength === 16 + size) return; // left out by a busy server: the last one stays
    this.#coded.push({at, jpeg: new Blob([data.slice(16 + size)], {type: 'image/jpeg'})});
    this.#decode();
  }

  /** One after the other; where that takes too long, none is decoded that would be replaced at once. */
  async #decode() {
    if (this.#decoding) return;
    this.#decoding = true;
    while (this.#coded.length && !this.closed) {
      const late = this.#coded.findLastIndex(({at}) => at <= this.#heard);
      const [{at, jpeg}] = this.#coded.splice(0, Math.max(late, 0) + 1).slice(-1);
      const bitmap = await createImageBitmap(jpeg).catch(() => null);
      if (bitmap) this.#queue.push({at, bitmap});
      if (this.#queue.length > 60) this.#queue.shift().bitmap.close(); // nobody looks: a hidden tab
    }
    this.#decoding = false;
  }

  /** What is heard now, on the sound card's clock. */
  get #heard() { return this.context.currentTime - (this.context.outputLatency || 0); }

  #canCatchUp(spare, pcm) {
    this.#spare.push(spare);
    if (this.#spare.length < 50) return false;
    this.#spare.shift();
    const least = Math.min(...this.#spare);
    return least > 0.5 || (least > this.#lead + 0.06 && pcm.every(v => Math.abs(v) < 300));
  }

  #play(pcm, at) {
    if (!pcm.length) return;
    const buffer = this.context.createBuffer(1, pcm.length, RATE);
    buffer.copyToChannel(Float32Array.from(pcm, v => v / 32768), 0);
    const source = new AudioBufferSourceNode(this.context, {buffer});
    source.connect(this.sound);
    source.start(at);
  }

  #draw = () => {
    if (this.closed) return;
    requestAnimationFrame(this.#draw);
    let due = null;
    while (this.#queue.length && this.#queue[0].at <= this.#heard) {
      due?.close();
      due = this.#queue.shift().bitmap;
    }
    if (!due) return;
    const {canvas} = this.output;
    if (canvas.width !== due.width || canvas.height !== due.height) {
      Object.assign(canvas, {width: due.width, height: due.height});
    }
    canvas.getContext('2d').drawImage(due, 0, 0);
    due.close();
    this.frames += 1;
  };

  say(samples) {
    if (!this.open || this.channel.bufferedAmount > 4 * RATE) return;
    this.channel.send(Int16Array.from(samples, v => Math.max(-1, Math.min(1, v)) * 32767));
  }

  set muted(muted) { this.gain.gain.value = muted ? 0 : 1; }

  /** Milliseconds that the page itself adds. */
  async delay() {
    const waits = this.#spare.at(-1) ?? this.#lead;
    return 1000 * (waits + (this.context.outputLatency || 0));
  }

  /** Sound as it is heard: pictures are drawn then. */
  record() {
    this.#recorded ??= [new DelayNode(this.context), this.context.createMediaStreamDestination()];
    const [heard, track] = this.#recorded;
    heard.delayTime.value = this.context.outputLatency || 0;
    this.sound.connect(heard).connect(track);
    const pictures = this.output.canvas.captureStream(25).getVideoTracks();
    return new MediaStream([...pictures, ...track.stream.getAudioTracks()]);
  }

  close() {
    super.close();
    this.channel.close();
    this.context.close();
    for (const {bitmap} of this.#queue) bitmap.close();
  }
}
