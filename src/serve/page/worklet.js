// Hands over what the microphone hears, a tenth of a second at a time.
class Tap extends AudioWorkletProcessor {
  constructor() {
    super();
    this.buffer = new Float32Array(Math.round(sampleRate / 10));
    this.filled = 0;
  }
  process(inputs) {
    const heard = inputs[0][0];
    if (heard) {
      for (const sample of heard) {
        this.buffer[this.filled++] = sample;
        if (this.filled === this.buffer.length) {
          this.port.postMessage(this.buffer.slice());
          this.filled = 0;
        }
      }
    }
    return true;
  }
}
registerProcessor("tap", Tap);
