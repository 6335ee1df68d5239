/** The voice that a portrait hears: from a microphone or a recording. Uses nothing of the page. */

import {Refusal} from './server.js';

/** @typedef {{node: AudioNode, start: () => void, stop: () => void}} Source */

const MICROPHONE = {
  NotAllowedError: 'The microphone was refused. Allow it for this page in the browser, then try again.',
  NotFoundError: 'No microphone was found. Connect one, or use an audio file.',
  NotReadableError: 'The microphone is in use by another program.',
};

/** Mixes its sources to a track for a call, and to samples for a WebSocket. */
export class AudioInput {
  /** @param {(samples: Float32Array) => void} heard 20 ms each, at 16 kHz */
  constructor(heard) { this.heard = heard; }

  /** To be called before the rest, in answer to a press: browsers want that. */
  async open() {
    if (!this.track) {
      const context = this.context = new AudioContext({latencyHint: 'interactive'});
      await context.audioWorklet.addModule(new URL('tap.js', import.meta.url));
      const mono = {channelCount: 1, channelCountMode: /** @type {const} */ ('explicit')};
      const track = new MediaStreamAudioDestinationNode(context, mono);
      // 4th order low pass, so that nothing above 8 kHz folds back
      const low = [0.541, 1.307].map(q => new BiquadFilterNode(context, {
        type: 'lowpass', frequency: 7000, Q: 20 * Math.log10(q),
      }));
      const tap = new AudioWorkletNode(context, 'tap', mono);
      tap.port.onmessage = ({data}) => this.heard(data);
      this.hub = new GainNode(context, mono);
      this.hub.connect(track);
      this.hub.connect(low[0]).connect(low[1]).connect(tap).connect(context.destination); // silent
      this.track = track.stream.getAudioTracks()[0];
    }
    await this.context.resume();
  }

  /** @param {() => void} ended @returns {Promise<Source>} */
  async microphone(ended) {
    if (!navigator.mediaDevices) {
      throw new Refusal('microphone', 'Browsers offer the microphone only to https pages and to pages from this machine.');
    }
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {echoCancellation: true, noiseSuppression: true, autoGainControl: true},
    }).catch(error => {
      throw new Refusal('microphone', MICROPHONE[error.name] || 'The microphone cannot be used.');
    });
    stream.getTracks()[0].onended = ended;
    return {
      node: this.context.createMediaStreamSource(stream), start() {},
      stop() { stream.getTracks().forEach(track => track.stop()); },
    };
  }

  /** @param {AudioBuffer} buffer @param {() => void} ended @returns {Source} */
  recording(buffer, ended) {
    const node = new AudioBufferSourceNode(this.context, {buffer});
    return {
      node,
      start() {
        node.onended = ended;
        node.start();
      },
      stop() {
        if (node.onended) node.stop();
        node.onended = null;
      },
    };
  }

  /** @param {ArrayBuffer} bytes of a sound file */
  decode(bytes) {
    return this.context.decodeAudioData(bytes).catch(() => {
      throw new Refusal('not-a-sound', 'The browser cannot read this file as sound. Try wav, mp3 or m4a.');
    });
  }
}
