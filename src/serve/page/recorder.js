"use strict";
// The microphone, and recordings made with it as WAV.

// Calls use(samples, rate) for every tenth of a second; returns what ends it.
async function listen(use) {
  if (!navigator.mediaDevices) throw new Error(say("insecure"));
  const stream = await navigator.mediaDevices.getUserMedia(
    {audio: {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  const context = new AudioContext();
  await context.audioWorklet.addModule("page/worklet.js");
  const source = context.createMediaStreamSource(stream), tap = new AudioWorkletNode(context, "tap");
  tap.port.onmessage = (message) => use(message.data, context.sampleRate);
  source.connect(tap);
  return () => {
    tap.port.onmessage = null;
    for (const track of stream.getTracks()) track.stop();
    return context.close();
  };
}

function pcm16(samples) {
  const bytes = new DataView(new ArrayBuffer(2 * samples.length));
  for (let i = 0; i < samples.length; ++i)
    bytes.setInt16(2 * i, Math.max(-1, Math.min(1, samples[i])) * 32767, true);
  return bytes.buffer;
}

function toWav(blocks, rate) {
  const data = blocks.map(pcm16), size = data.reduce((sum, one) => sum + one.byteLength, 0);
  const head = new DataView(new ArrayBuffer(44));
  const tag = (at, text) => [...text].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  tag(0, "RIFF"); head.setUint32(4, 36 + size, true); tag(8, "WAVEfmt ");
  head.setUint32(16, 16, true); head.setUint16(20, 1, true); head.setUint16(22, 1, true);
  head.setUint32(24, rate, true); head.setUint32(28, 2 * rate, true); head.setUint16(32, 2, true);
  head.setUint16(34, 16, true); tag(36, "data"); head.setUint32(40, size, true);
  return new Blob([head, ...data], {type: "audio/wav"});
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Fills a .recorder: a button, a meter, hints, and the recordings made or chosen so far.
class Recorder {
  constructor(root, changed) {
    this.root = root;
    this.most = Number(root.dataset.takes);
    this.takes = [];
    this.changed = changed;
    this.button = make("button", {type: "button", className: "record"});
    this.button.setAttribute("aria-pressed", "false");
    this.meter = make("meter", {min: -70, max: 0, low: -50, high: -3, optimum: -20, value: -70});
    this.file = make("input", {type: "file", accept: "audio/*,video/*", multiple: this.most > 1});
    this.fileLabel = make("label", {className: "file"}, make("span"), this.file);
    this.told = make("p", {className: "told"});
    this.told.setAttribute("role", "status");
    this.list = make("ul", {className: "takes"});
    root.append(make("div", {className: "row"}, this.button, this.meter, this.fileLabel), this.told, this.list);
    this.button.onclick = () => (this.end ? this.stop() : this.start());
    this.file.onchange = () => {
      for (const file of this.file.files) this.add(file, file.name);
      this.file.value = "";
    };
    this.words();
  }

  words() {
    this.button.textContent = say(this.end ? "stop" : "record");
    this.meter.setAttribute("aria-label", say("level"));
    this.fileLabel.firstChild.textContent = say("file") + " ";
    this.show();
  }

  async start() {
    this.blocks = [];
    this.loudest = 0;
    this.voiced = 0;
    this.button.disabled = true;
    try {
      this.end = await listen((samples, rate) => this.hear(samples, rate));
      this.button.setAttribute("aria-pressed", "true");
    } catch (error) {
      this.told.textContent = say("noMic", error.message);
    }
    this.button.disabled = false;
    this.button.textContent = say(this.end ? "stop" : "record");
  }

  hear(samples, rate) {
    this.rate = rate;
    this.blocks.push(samples);
    let square = 0, peak = 0;
    for (const sample of samples) {
      square += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    const level = 10 * Math.log10(square / samples.length + 1e-10);
    this.loudest = Math.max(this.loudest, peak);
    if (level > -45) this.voiced += samples.length / rate;
    this.meter.value = level;
    const seconds = this.blocks.length / 10;
    const told = peak >= 0.99 ? say("loud")
      : seconds > 1.5 && this.loudest < 0.003 ? say("silent")
      : seconds > 1.5 && this.loudest < 0.05 ? say("quiet")
      : this.voiced < 3 ? say("more", Math.floor(this.voiced)) : say("enough");
    if (this.told.textContent !== told) this.told.textContent = told;  // a screen reader says each change
    if (seconds >= 120) this.stop();
  }

  async stop() {
    const end = this.end;
    this.end = null;
    await end();
    this.button.setAttribute("aria-pressed", "false");
    this.button.textContent = say("record");
    this.meter.value = -70;
    if (this.blocks.length > 0) this.add(toWav(this.blocks, this.rate), "recording.wav", this.blocks.length / 10);
  }

  add(blob, name, seconds) {
    this.takes.push({blob, name, seconds, url: URL.createObjectURL(blob)});
    while (this.takes.length > this.most) URL.revokeObjectURL(this.takes.shift().url);
    this.show();
    this.changed(this);
  }

  clear() {
    for (const take of this.takes) URL.revokeObjectURL(take.url);
    this.takes = [];
    this.show();
  }

  show() {
    this.list.replaceChildren(...this.takes.map((take, i) => {
      const text = take.seconds ? say("take", i + 1, take.seconds.toFixed(1)) : say("chosen", take.name);
      const drop = make("button", {type: "button", textContent: say("drop")});
      drop.setAttribute("aria-label", `${say("drop")}: ${text}`);
      drop.onclick = () => {
        URL.revokeObjectURL(take.url);
        this.takes.splice(i, 1);
        this.show();
        this.changed(this);
      };
      return make("li", {}, make("span", {textContent: text}), make("audio", {controls: true, src: take.url}), drop);
    }));
  }
}
