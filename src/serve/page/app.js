"use strict";
const byId = (id) => document.getElementById(id);
const recorders = {};
let live = null, canPrompt = false, prompt = null;

// The service

function authorization() {
  const token = sessionStorage.getItem("token");
  return token ? {Authorization: `Bearer ${token}`} : {};
}

// The answer's JSON; throws with what the service says is wrong.
async function call(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, {method, body, headers: {...authorization(), ...headers}});
  } catch {
    throw new Error(say("offline"));
  }
  const answer = await response.json();
  if (!response.ok) {
    if (response.status === 401) byId("access").hidden = false;
    throw new Error(answer.detail);
  }
  return answer;
}

function formOf(recorder, fields = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const take of recorder.takes) form.append("file", take.blob, take.name);
  return form;
}

async function refreshState() {
  try {
    const status = await call("GET", "v1/status");
    byId("state").textContent = say("state", status.speakers, status.model.split("/").pop(), say("as", status.caller, status.scopes.join(", ")));
    byId("access").hidden = status.caller === "anonymous";
    canPrompt = status.prompts;
    setRates(status);
    if (status.scopes.includes("read")) await showPeople(status.scopes.includes("admin"));
  } catch (error) {
    byId("state").textContent = error.message;
  }
}

// Showing

function show(section, ...children) {
  byId(section).querySelector(".result").replaceChildren(...children);
}

function line(text, kind = "") {
  return make("p", {textContent: text, className: kind});
}

function details(answer) {
  return [
    line(say("score", answer.score?.toFixed(2) ?? answer.candidates[0].score.toFixed(2), answer.threshold.toFixed(2))),
    line(say("speech", answer.speech_seconds.toFixed(1), Math.round(answer.snr_db)), "hint"),
    ...answer.warnings.map((one) => line(say("doubtful", one), "doubt")),
  ];
}

function verdict(text, kind) {
  return make("p", {}, make("strong", {textContent: text, className: kind}));
}

// Runs a button's work once at a time, and shows what goes wrong.
function onClick(id, section, work) {
  byId(id).onclick = async () => {
    const button = byId(id);
    button.disabled = true;
    show(section, line(say("working"), "hint"));
    try {
      await work();
    } catch (error) {
      show(section, line(error.message, "bad"));
    }
    button.disabled = false;
  };
}

function need(condition, word) {
  if (!condition) throw new Error(say(word));
}

async function enroll() {
  const name = byId("enroll-name").value.trim(), recorder = recorders.enroll;
  need(name, "needName");
  need(recorder.takes.length > 0, "needTake");
  need(byId("consent").checked, "needConsent");
  const answer = await call("POST", "v1/enroll", formOf(recorder, {name, consent: say("consent"), forget_after: byId("keep").value}));
  show("enroll", verdict(say("enrolled", answer.name, answer.utterances), "good"),
    line(answer.forget_at ? say("keptUntil", answer.forget_at.slice(0, 10)) : say("keptOn"), "hint"),
    ...answer.left_out.map((one) => line(say("leftOut", one.reason), "doubt")),
    ...answer.enrolled.flatMap((one) => one.warnings.map((warning) => line(say("doubtful", warning), "doubt"))),
    ...(answer.resembles ? [line(say("resembles", answer.resembles), "doubt")] : []));
  recorder.clear();
  byId("consent").checked = false;
  refreshState();
}

// What is to be said at a login: digits that the service hears, or a sentence that nobody checks.
async function askPrompt() {
  prompt = canPrompt ? await call("POST", "v1/prompts")
    : {words: WORDS[language].sentences[Math.floor(Math.random() * WORDS[language].sentences.length)]};
  recorders.login.clear();
  byId("prompt").textContent = say("read", prompt.words);
  byId("prompt-hint").textContent = prompt.prompt ? say("promptOnce", prompt.seconds) : say("promptUnheard");
  byId("prompt").hidden = byId("prompt-hint").hidden = false;
  show("login");
}

async function login() {
  const name = byId("login-name").value.trim(), recorder = recorders.login;
  need(name, "needName");
  need(prompt, "needPrompt");
  need(recorder.takes.length > 0, "needTake");
  const asked = prompt;
  prompt = null;  // it is used up, whatever the answer
  byId("prompt").hidden = byId("prompt-hint").hidden = true;
  const answer = await call("POST", "v1/verify", formOf(recorder, asked.prompt ? {name, prompt: asked.prompt} : {name}));
  recorder.clear();
  const accepted = answer.decision === "accepted", voice = answer.score >= answer.threshold;
  const reason = (right, text) => make("li", {textContent: text, className: right ? "good yes" : "bad no"});
  show("login", verdict(accepted ? say("welcome", answer.name) : say("notIn", answer.name), accepted ? "good" : "bad"),
    make("ul", {className: "plain reasons"},
      reason(voice, say(voice ? "voiceRight" : "voiceWrong", answer.score.toFixed(2), answer.threshold.toFixed(2))),
      ...(answer.prompt ? [reason(answer.prompt.right_words, say(answer.prompt.right_words ? "wordsRight" : "wordsWrong", answer.prompt.words, answer.prompt.heard))] : [])),
    ...(answer.prompt ? [] : [line(say("promptUnheard"), "hint")]),
    line(say("speech", answer.speech_seconds.toFixed(1), Math.round(answer.snr_db)), "hint"),
    ...(answer.fmr === null ? [] : [line(say("fmr", (100 * answer.fmr).toPrecision(2)), "hint")]),
    ...answer.warnings.map((one) => line(say("doubtful", one), "doubt")));
  sawScore(answer.score, answer.name, accepted);
}

async function verify() {
  const name = byId("verify-name").value.trim();
  need(name, "needName");
  need(recorders.verify.takes.length > 0, "needTake");
  const answer = await call("POST", "v1/verify", formOf(recorders.verify, {name}));
  const accepted = answer.decision === "accepted";
  show("verify", verdict(say(answer.decision, answer.name), accepted ? "good" : "bad"), ...details(answer),
    ...(answer.fmr === null ? [] : [line(say("fmr", (100 * answer.fmr).toPrecision(2)), "hint")]));
  sawScore(answer.score, answer.name, accepted);
}

async function identify() {
  need(recorders.identify.takes.length > 0, "needTake");
  const answer = await call("POST", "v1/identify", formOf(recorders.identify));
  const list = make("ol", {}, ...answer.candidates.map((one) => make("li", {textContent: `${one.name}: ${one.score.toFixed(2)}`})));
  show("identify", verdict(answer.decision ? say("known", answer.decision) : say("unknown"), answer.decision ? "good" : "bad"),
    ...details(answer), line(say("nearest"), "hint"), list);
}

async function diarize() {
  const recorder = recorders.diarize, speakers = byId("speakers").value;
  need(recorder.takes.length > 0, "needTake");
  byId("meeting").hidden = true;
  const answer = await call("POST", "v1/diarize", formOf(recorder, speakers ? {speakers} : {}));
  show("diarize", verdict(say("foundSpeakers", answer.speakers.length, answer.seconds.toFixed(1)), ""));
  showMeeting(answer, recorder.takes[0].url);
}

// Who spoke when

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

function showMeeting(meeting, url) {
  const player = byId("player"), names = meeting.speakers.map((one) => one.speaker);
  const row = 30, left = 130, width = 870, height = row * names.length + 20;
  const x = (seconds) => left + width * seconds / Math.max(meeting.seconds, 0.1);
  player.src = url;
  const playFrom = (turn) => {
    player.currentTime = turn.begin;
    player.play();
  };
  const svg = drawn("svg", {viewBox: `0 0 ${left + width + 5} ${height}`, role: "img", "aria-label": say("timeline")});
  names.forEach((name, i) => svg.append(drawn("text", {x: 0, y: row * i + 20}, name.length > 16 ? name.slice(0, 15) + "…" : name)));
  const rows = meeting.turns.map((turn) => {
    const speaker = names.indexOf(turn.speaker);
    const bar = drawn("rect", {class: `turn s${speaker % 6}`, x: x(turn.begin), y: row * speaker + 4,
      width: Math.max(x(turn.end) - x(turn.begin), 1.5), height: row - 8, rx: 3}, drawn("title", {}, `${turn.speaker} ${clock(turn.begin)}`));
    bar.onclick = () => playFrom(turn);
    svg.append(bar);
    const button = make("button", {type: "button", textContent: "▶"});
    button.setAttribute("aria-label", `${say("play")}: ${turn.speaker}, ${clock(turn.begin)}`);
    button.onclick = () => playFrom(turn);
    return make("tr", {}, make("td", {textContent: clock(turn.begin), className: "short"}), make("td", {textContent: clock(turn.end), className: "short"}),
      make("td", {textContent: turn.speaker}), make("td", {}, button));
  });
  const cursor = drawn("line", {x1: left, x2: left, y1: 0, y2: height - 16});
  svg.append(cursor, drawn("text", {x: left, y: height - 2}, "0:00"),
    drawn("text", {x: left + width, y: height - 2, "text-anchor": "end"}, clock(meeting.seconds)));
  player.ontimeupdate = () => {
    cursor.setAttribute("x1", x(player.currentTime));
    cursor.setAttribute("x2", x(player.currentTime));
    meeting.turns.forEach((turn, i) =>
      rows[i].classList.toggle("now", turn.begin <= player.currentTime && player.currentTime < turn.end));
  };
  byId("timeline").replaceChildren(svg);
  byId("turns").replaceChildren(...rows);
  byId("meeting").hidden = false;
}

// People

async function showPeople(mayRemove) {
  const {speakers} = await call("GET", "v1/speakers?limit=1000");
  byId("names").replaceChildren(...speakers.map((one) => make("option", {value: one.name})));
  byId("everybody").replaceChildren(...speakers.map((one) => {
    const button = make("button", {type: "button", textContent: say("remove"), disabled: !mayRemove});
    button.setAttribute("aria-label", `${say("remove")}: ${one.name}`);
    button.onclick = async () => {
      if (!confirm(say("removeSure", one.name))) return;
      try {
        await call("DELETE", `v1/speakers/${encodeURIComponent(one.name)}`);
        show("people", line(say("removed", one.name), "good"));
        await refreshState();
      } catch (error) {
        show("people", line(error.message, "bad"));
      }
    };
    return make("tr", {}, make("td", {textContent: one.name, className: "long"}), make("td", {textContent: one.utterances}),
      make("td", {textContent: one.enrolled_at.slice(0, 10), className: "short"}),
      make("td", {textContent: one.forget_at?.slice(0, 10) ?? say("keepOn"), className: "short"}),
      make("td", {textContent: one.consent ?? "–", className: "long"}), make("td", {}, button));
  }));
}

// Live

async function toggleLive() {
  const button = byId("live");
  if (live) {
    const {end, socket} = live;
    live = null;
    button.setAttribute("aria-pressed", "false");
    await end();
    if (socket.readyState === WebSocket.OPEN) socket.send("end");
    return;
  }
  let socket = null;
  const open = (rate) => {
    const token = sessionStorage.getItem("token");
    const url = new URL(`v1/live?rate=${Math.round(rate)}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    socket = new WebSocket(url, token ? ["vpr", token] : []);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (message) => {
      const answer = JSON.parse(message.data);
      const text = answer.error ?? answer.detail ?? answer.decision ?? say("unknown");
      byId("heard").append(make("li", {textContent: `${(answer.at_seconds ?? 0).toFixed(1)} s: ${text}`, className: answer.decision ? "good" : "bad"}));
    };
    socket.onerror = () => show("identify", line(say("offline"), "bad"));
  };
  try {
    const end = await listen((samples, rate) => {
      if (!socket) open(rate);
      if (socket.readyState === WebSocket.OPEN) socket.send(pcm16(samples));
    });
    live = {end, get socket() { return socket; }};
    button.setAttribute("aria-pressed", "true");
    byId("heard").replaceChildren();
    show("identify", line(say("listening"), "hint"));
  } catch (error) {
    show("identify", line(say("noMic", error.message), "bad"));
  }
}

// Beginning

function nextSentence() {
  const sentences = WORDS[language].sentences;
  byId("sentence").textContent = say("read", sentences[recorders.enroll.takes.length % sentences.length]);
}

const tabs = [...document.querySelectorAll("[role=tab]")];
function choose(tab, focus = false) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", chosen);
    one.tabIndex = chosen ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
}
tabs.forEach((tab, i) => {
  tab.onclick = () => choose(tab);
  tab.onkeydown = (event) => {
    const to = {ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: -1}[event.key];
    if (to === undefined) return;
    event.preventDefault();  // Home and End would scroll
    choose(tabs[(to + tabs.length) % tabs.length], true);
  };
});

for (const root of document.querySelectorAll(".recorder")) {
  const section = root.parentElement.id;
  recorders[section] = new Recorder(root, () => { if (section === "enroll") nextSentence(); });
}
byId("language").value = language;
byId("language").onchange = () => {
  language = byId("language").value;
  localStorage.setItem("language", language);
  sayAll();
  prompt = null;
  byId("prompt").hidden = byId("prompt-hint").hidden = true;
  for (const recorder of Object.values(recorders)) recorder.words();
  // Answers are in the language that they were given in.
  for (const result of document.querySelectorAll(".result")) result.replaceChildren();
  nextSentence();
  refreshState();
};
byId("access").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", byId("token").value.trim());
  byId("token").value = "";
  refreshState();
};
onClick("enroll-go", "enroll", enroll);
onClick("login-prompt", "login", askPrompt);
onClick("login-go", "login", login);
onClick("verify-go", "verify", verify);
byId("threshold").oninput = () => {
  byId("threshold").dataset.moved = "yes";
  drawRates();
};
onClick("identify-go", "identify", identify);
onClick("diarize-go", "diarize", diarize);
byId("live").onclick = toggleLive;
sayAll();
nextSentence();
choose(tabs[0]);
refreshState();
