/** Opens a stream. Uses nothing of the page. */

import {CallStream} from './call.js';
import {after, Refusal, Server} from './server.js';
import {SocketStream} from './socket.js';

/** @typedef {CallStream | SocketStream} Live */

const PATIENCE_MS = 10000; // until the first picture

/**
 * Begins a session by WebRTC where that works, else by a WebSocket; it shows a picture already.
 * @param {Server} server @param {import('./stream.js').Output} output
 * @param {() => Promise<string>} begin asks for a session and gives its id
 * @param {?string} over "webrtc" or "websocket" for this way alone
 * @returns {Promise<Live>}
 */
export async function connect(server, begin, output, over = null) {
  const ways = [];
  if (over !== 'websocket' && window.RTCPeerConnection) ways.push(CallStream);
  if (over !== 'webrtc') ways.push(SocketStream);
  let why = /** @type {Error} */ (new Refusal('failed'));
  for (const Way of ways) {
    const id = await begin();
    const stream = new Way(server, id, output);
    const late = after(PATIENCE_MS).then(() => { throw new Refusal('late'); });
    try {
      await Promise.race([stream.ready, late]);
      return stream;
    } catch (error) {
      why = error;
      stream.close();
      await server.ask(`sessions/${id}`, {method: 'DELETE'}).catch(() => {});
    }
  }
  throw why;
}
