"use strict";
// What a threshold costs: the model's measured error rates, and the scores seen on this page.

// The quantile of the normal distribution (P. Acklam's approximation, to 1e-9 relative).
function probit(p) {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const of = (factors, x) => factors.reduce((sum, factor) => sum * x + factor, 0);
  if (p > 0.5) return -probit(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return of(c, q) / (of(d, q) * q + 1);
  }
  const q = p - 0.5, r = q * q;
  return of(a, r) * q / (of(b, r) * r + 1);
}

const seenScores = [];  // {score, text, good}, of this page since it was opened
function sawScore(score, text, good) {
  seenScores.push({score, text, good});
  drawRates();
}

let operating = [], usedPoints = {}, basisText = "";
function setRates(status) {
  // Where no error was counted, a rate is shown as if it were below what can be.
  operating = status.operating_points.filter((one) => one.supported && one.fmr > 0 && one.fnmr > 0)
    .sort((one, other) => one.threshold - other.threshold);
  usedPoints = {};
  for (const [name, one] of Object.entries(status.thresholds)) if (one) usedPoints[one.threshold] = [...(usedPoints[one.threshold] ?? []), name];
  basisText = status.thresholds.compare?.basis ?? "";
  const slider = byId("threshold"), verify = status.thresholds.verify?.threshold;
  if (operating.length < 2) return drawRates();
  const first = operating[0].threshold, last = operating[operating.length - 1].threshold;
  slider.min = first;
  slider.max = last;
  if (!slider.dataset.moved) slider.value = verify ?? first;
  drawRates();
}

// Between two measured points both rates are taken to move evenly on the axes of the curve.
function ratesAt(threshold) {
  let i = 1;
  while (i + 1 < operating.length && operating[i].threshold < threshold) ++i;
  const from = operating[i - 1], to = operating[i];
  const share = (threshold - from.threshold) / (to.threshold - from.threshold);
  const between = (x, y) => normal(probit(x) + share * (probit(y) - probit(x)));
  return {fmr: between(from.fmr, to.fmr), fnmr: between(from.fnmr, to.fnmr)};
}

// The normal distribution, by Abramowitz and Stegun 26.2.17 (to 7.5e-8).
function normal(x) {
  if (x > 0) return 1 - normal(-x);
  const t = 1 / (1 - 0.2316419 * x);
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) *
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}

function percent(rate) {
  return `${Number((100 * rate).toPrecision(2))} %`;
}

function drawRates() {
  const enough = operating.length >= 2;
  byId("det").hidden = byId("scores").hidden = byId("threshold").hidden = !enough;
  byId("basis").textContent = basisText;
  byId("operating").replaceChildren(...operating.map((one) => make("tr", {}, make("td", {textContent: one.threshold.toFixed(2)}),
    make("td", {textContent: percent(one.fmr)}), make("td", {textContent: percent(one.fnmr)}),
    make("td", {textContent: (usedPoints[one.threshold] ?? []).join(", ")}))));
  if (!enough) {
    byId("rates-at").textContent = say("noRates");
    return;
  }
  const threshold = Number(byId("threshold").value), now = ratesAt(threshold);
  byId("rates-at").textContent = say("ratesAt", threshold.toFixed(2), percent(now.fmr), percent(now.fnmr));
  byId("threshold").setAttribute("aria-valuetext", byId("rates-at").textContent);

  // The detection error tradeoff, on normal deviates: to 50 %, further where a rate is higher.
  const size = 300, left = 62, top = 10;
  const axis = (rates) => {
    const most = Math.max(...rates);
    const marks = [0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999].filter((mark, i, all) => mark <= 0.5 || all[i - 1] < most);
    const low = probit(marks[0]), high = probit(marks[marks.length - 1]);
    return {marks, at: (rate) => size * (Math.min(Math.max(probit(rate), low), high) - low) / (high - low)};
  };
  const across = axis(operating.map((one) => one.fmr)), up = axis(operating.map((one) => one.fnmr));
  const x = (rate) => left + across.at(rate), y = (rate) => top + size - up.at(rate);
  const svg = drawn("svg", {viewBox: `0 0 ${left + size + 20} ${top + size + 44}`, role: "img", "aria-label": say("detLabel")});
  for (const mark of across.marks)
    svg.append(drawn("line", {class: "grid", x1: x(mark), x2: x(mark), y1: top, y2: top + size}),
      drawn("text", {x: x(mark), y: top + size + 16, "text-anchor": "middle"}, percent(mark)));
  for (const mark of up.marks)
    svg.append(drawn("line", {class: "grid", x1: left, x2: left + size, y1: y(mark), y2: y(mark)}),
      drawn("text", {x: left - 6, y: y(mark) + 4, "text-anchor": "end"}, percent(mark)));
  svg.append(drawn("text", {x: left + size / 2, y: top + size + 36, "text-anchor": "middle"}, say("fmrHead")),
    drawn("text", {x: 12, y: top + size / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${top + size / 2})`}, say("fnmrHead")),
    drawn("polyline", {class: "curve", points: operating.map((one) => `${x(one.fmr)},${y(one.fnmr)}`).join(" ")}));
  for (const one of operating) svg.append(drawn("circle", {class: "point", cx: x(one.fmr), cy: y(one.fnmr), r: 4}));
  svg.append(drawn("circle", {class: "now", cx: x(now.fmr), cy: y(now.fnmr), r: 7}));
  byId("det").replaceChildren(svg);

  // Scores against the threshold.
  const all = [operating[0].threshold, operating[operating.length - 1].threshold, ...seenScores.map((one) => one.score)];
  const least = Math.min(...all) - 1, most = Math.max(...all) + 1, width = 560;
  const on = (score) => 10 + width * (score - least) / (most - least);
  const line = drawn("svg", {viewBox: `0 0 ${width + 20} 62`, role: "img", "aria-label": say("scoresLabel", seenScores.length)},
    drawn("line", {class: "grid", x1: 10, x2: 10 + width, y1: 40, y2: 40}),
    drawn("line", {class: "mark", x1: on(threshold), x2: on(threshold), y1: 14, y2: 48}),
    drawn("text", {x: on(threshold), y: 11, "text-anchor": "middle"}, threshold.toFixed(2)),
    drawn("text", {x: 10, y: 58}, least.toFixed(1)), drawn("text", {x: 10 + width, y: 58, "text-anchor": "end"}, most.toFixed(1)));
  for (const one of seenScores)
    line.append(drawn("circle", {class: one.score >= threshold ? "pass" : "fail", cx: on(one.score), cy: 40, r: 6}, drawn("title", {}, `${one.text}: ${one.score.toFixed(2)}`)));
  byId("scores").replaceChildren(line);
}
