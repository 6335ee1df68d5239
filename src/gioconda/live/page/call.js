/** A live portrait in a WebRTC call. Uses nothing of the page. */

import {after} from './server.js';
import {Stream} from './stream.js';

export class CallStream extends Stream {
  label = 'WebRTC';
  tail = 300;
  #waited = {delay: 0, count: 0};
  #film = /** @type {?MediaStreamTrack} a recording's pictures */ (null);

  constructor(server, id, output) {
    super(server, output);
    this.muted = output.muted;
    this.stream = new MediaStream();
    this.call = new RTCPeerConnection();
    this.channel = this.call.createDataChannel('control');
    this.channel.onmessage = ({data}) => this.read(data);
    this.channel.onclose = () => this.lost();
    this.call.onconnectionstatechange = () => {
      const state = this.call.connectionState;
      if (state === 'failed' || state === 'closed') this.lost();
    };
    this.call.ontrack = ({track}) => this.stream.addTrack(track);
    this.call.addTransceiver('video', {direction: 'recvonly'});
    this.sender = this.call.addTransceiver('audio', {direction: 'sendrecv'}).sender;
    this.#connect(id).catch(error => this.failed(error));
  }

  async #connect(id) {
    await this.#offer(id);
    const {video} = this.output;
    video.srcObject = this.stream;
    video.play().catch(() => {});
    if (!this.open) await new Promise(done => this.channel.addEventListener('open', done));
    const count = () => {
      if (this.closed) return;
      this.frames += 1;
      this.heard = performance.now();
      video.hidden = false;
      this.started();
      if (this.#film?.readyState === 'live') this.#copy();
      video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
  }

  async #offer(id) {
    const {call} = this;
    await call.setLocalDescription();
    if (call.iceGatheringState !== 'complete') {
      await Promise.race([after(1000), new Promise(done => {
        call.onicegatheringstatechange = () => call.iceGatheringState === 'complete' && done(null);
      })]);
    }
    const {sdp, type} = call.localDescription;
    const answer = await this.server.post(`sessions/${id}/offer`, {sdp, type});
    await call.setRemoteDescription(await answer.json());
  }

  speak(track) {
    super.speak(track);
    this.sender.replaceTrack(track).catch(() => {});
  }

  set muted(muted) { this.output.video.muted = muted; }

  /** Milliseconds that line and page add. */
  async delay() {
    let trip = 0, wait = 0;
    for (const report of (await this.call.getStats()).values()) {
      if (report.type === 'candidate-pair' && report.nominated) {
        trip = report.currentRoundTripTime ?? 0;
      }
      if (report.type === 'inbound-rtp' && report.kind === 'video') {
        const delay = report.jitterBufferDelay ?? 0, count = report.jitterBufferEmittedCount ?? 0;
        wait = (delay - this.#waited.delay) / Math.max(count - this.#waited.count, 1);
        this.#waited = {delay, count};
      }
    }
    return 1000 * (trip / 2 + wait);
  }

  /** Pictures as they are shown: the track's own come before their sound. */
  record() {
    this.#copy();
    this.#film = this.output.canvas.captureStream(25).getVideoTracks()[0];
    return new MediaStream([this.#film, ...this.stream.getAudioTracks()]);
  }

  #copy() {
    const {canvas, video} = this.output, {videoWidth: width, videoHeight: height} = video;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    canvas.getContext('2d').drawImage(video, 0, 0);
  }

  close() {
    super.close();
    this.call.close();
    this.output.video.hidden = true;
    this.output.video.srcObject = null;
  }
}
