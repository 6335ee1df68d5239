/** Begins a session on a server that may be full. Uses nothing of the page. */

import {after, Cancelled, Server} from './server.js';

/**
 * What is told while it waits; `renew` sends a portrait again that the server has forgotten.
 * @typedef {{signal: AbortSignal, told: (text: string) => void, renew: ?(() => Promise<any>)}} Waiting
 */

/** @param {number} ms @param {AbortSignal} signal that ends it */
const pause = (ms, signal) => Promise.race([
  after(ms), new Promise(done => signal.addEventListener('abort', done, {once: true})),
]);

/**
 * A session's id, after waiting for its turn if need be.
 * @param {Server} server @param {() => object} request @param {Waiting} waiting @returns {Promise<string>}
 */
export async function enter(server, request, {signal, told, renew}) {
  for (let ticket = null, renewed = false; !signal.aborted;) {
    try {
      const made = await server.post('sessions', {...request(), ...(ticket && {ticket})});
      return (await made.json()).id;
    } catch (error) {
      const {code, answer} = error;
      if (code === 'busy' && answer.ticket) {
        ticket = answer.ticket;
        told(`All places are taken. You are number ${answer.place} in the queue`);
        await pause(1000 * answer.retry_after, signal);
      } else if (code === 'not-found' && renew && !renewed) {
        renewed = true;
        await renew();
      } else {
        throw error;
      }
    }
  }
  throw new Cancelled();
}
