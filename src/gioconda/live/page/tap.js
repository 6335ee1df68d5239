/** Audio worklet: gives what passes through as pieces of 20 ms at 16 kHz. */

registerProcessor('tap', class extends AudioWorkletProcessor {
  step = sampleRate / 16000;
  at = 0;
  last = 0;
  piece = new Float32Array(320);
  filled = 0;

  process([[input]]) {
    if (!input) return true;
    for (; this.at < input.length; this.at += this.step) {
      const i = Math.floor(this.at), part = this.at - i;
      const before = i ? input[i - 1] : this.last;
      this.piece[this.filled++] = before + (input[i] - before) * part;
      if (this.filled === this.piece.length) {
        this.port.postMessage(this.piece.slice());
        this.filled = 0;
      }
    }
    this.at -= input.length;
    this.last = input[input.length - 1];
    return true;
  }
});
