"use strict";
// One-line diagrams with a slider over time; values come as 16-bit numbers in base64, a row of buses per step.
const SVG = "http://www.w3.org/2000/svg", MISSING = 65535;
const STOPS = [[0, 32, 76], [0, 66, 110], [87, 92, 109], [124, 123, 120], [165, 156, 116], [210, 193, 95],
  [255, 234, 70]];

function decoded(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  return new Uint16Array(bytes.buffer);
}
function colour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1), low = Math.min(Math.floor(at), STOPS.length - 2);
  return "rgb(" + STOPS[low].map((v, i) => Math.round(v + (at - low) * (STOPS[low + 1][i] - v))).join(",") + ")";
}
function made(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
}

class Feeder {
  constructor(box) {
    this.box = box;
    this.data = JSON.parse(box.querySelector("script").textContent);
    this.rows = new Map();
    this.part = name => box.querySelector(`[data-part="${name}"]`);
    this.slider = this.part("slider");
    this.timer = null;
    this.slider.max = this.data.clock.length - 1;
    for (const name of ["shown", "case", "first", "second", "slider"])
      this.part(name).addEventListener("input", () => this.show());
    this.part("play").addEventListener("click", () => this.play());
    this.show();
  }
  values(run, kind) {
    const key = `${run}/${kind}`, text = this.data.runs[run].values[kind];
    if (!this.rows.has(key)) this.rows.set(key, text ? decoded(text) : null);
    return this.rows.get(key);
  }
  value(run, kind, step, bus) {
    const {base, unit} = this.data.scales[kind === "loading" ? "loading" : "voltage"];
    const all = this.values(run, kind), raw = all ? all[step * this.data.bus.length + bus] : MISSING;
    return raw === undefined || raw === MISSING ? NaN : base + raw * unit;
  }
  play() {
    const button = this.part("play");
    clearInterval(this.timer);
    this.timer = this.timer ? null : setInterval(() => {
      this.slider.value = (Number(this.slider.value) + 1) % this.data.clock.length;
      this.show();
    }, 160);
    button.textContent = this.timer ? "pause" : "play";
  }
  kind() { return this.part("shown").value === "loading" ? "loading" : this.part("case").value; }
  show() {
    const step = Number(this.slider.value), kind = this.kind();
    this.part("case").disabled = kind === "loading";
    this.part("now").textContent = this.data.clock[step];
    this.slider.setAttribute("aria-valuetext", this.data.clock[step]);
    const runs = [this.part("first").value, this.part("second").value].filter(name => name in this.data.runs);
    const pair = this.part("pair");
    pair.className = runs.length > 1 ? "pair two" : "pair";
    pair.replaceChildren(...runs.map(run => this.panel(run, kind, step)));
    const [low, high] = this.limits(kind), digits = kind === "loading" ? 0 : 3, unit = kind === "loading" ? "%" : "pu";
    this.part("low").textContent = `${low.toFixed(digits)} ${unit}`;
    this.part("high").textContent = `${high.toFixed(digits)} ${unit}`;
  }
  limits(kind) { return this.data.limits[kind === "loading" ? "loading" : "voltage"]; }
  panel(run, kind, step) {
    const panel = document.createElement("div"), [low, high] = this.limits(kind);
    const values = this.data.bus.map((_, bus) => this.value(run, kind, step, bus));
    const known = values.filter(Number.isFinite), digits = kind === "loading" ? 1 : 4;
    const unit = kind === "loading" ? "%" : "pu", wanted = kind === "loading" ? Math.max : Math.min;
    const text = document.createElement("p"), extreme = wanted(...known);
    text.dataset.part = "told";
    text.textContent = known.length ? `${run}: ${kind === "loading" ? "fullest" : "lowest"} ${extreme.toFixed(digits)} ` +
      `${unit} at bus ${this.data.label[values.indexOf(extreme)]}` : `${run}: no value in this step`;
    panel.append(text, this.diagram(values, low, high, kind, digits, unit));
    if (kind !== "loading") panel.append(this.profile(values, low, high));
    return panel;
  }
  diagram(values, low, high, kind, digits, unit) {
    const {x, y, parent, bus, levels} = this.data, height = 40 * levels + 24;
    const svg = made("svg", {viewBox: `0 0 640 ${height}`, role: "img", "aria-label": "one-line diagram"});
    const px = i => 16 + x[i] * 608, py = i => 24 + y[i] * 40;
    const tint = i => Number.isFinite(values[i]) ? colour((values[i] - low) / (high - low || 1)) : "none";
    bus.forEach((_, i) => { if (parent[i] >= 0) {
      const line = made("path", {d: `M${px(parent[i])} ${py(parent[i])}V${py(i)}H${px(i)}`, class: "wire",
        "stroke-width": kind === "loading" ? 4 : 1.5}, svg);
      if (kind === "loading") line.style.stroke = tint(i);
    }});
    bus.forEach((number, i) => {
      const dot = made("circle", {cx: px(i), cy: py(i), r: 6, fill: kind === "loading" ? "var(--panel)" : tint(i),
        "data-bus": number, "data-value": values[i]}, svg);
      made("title", {}, dot).textContent = `bus ${this.data.label[i]}: ` +
        (Number.isFinite(values[i]) ? `${values[i].toFixed(digits)} ${unit}` : "no value");
      if (bus.length <= 60) made("text", {x: px(i), y: py(i) - 9, "text-anchor": "middle"}, svg).textContent = number;
    });
    return svg;
  }
  profile(values, low, high) {
    const {distance, parent, bus, lower} = this.data, height = 130;
    const svg = made("svg", {viewBox: `0 0 640 ${height}`, role: "img", "aria-label": "voltage along the feeder"});
    const px = i => 44 + distance[i] * 584, py = v => 10 + (high - v) / (high - low || 1) * (height - 34);
    for (const v of [low, high]) {
      made("path", {d: `M44 ${py(v)}H628`, class: "wire", "stroke-width": .4}, svg);
      made("text", {x: 2, y: py(v) + 4}, svg).textContent = v.toFixed(3);
    }
    if (lower >= low) made("path", {d: `M44 ${py(lower)}H628`, class: "wire", "stroke-dasharray": "5 4"}, svg);
    bus.forEach((_, i) => { if (parent[i] >= 0 && Number.isFinite(values[i])) made("path", {class: "wire",
      d: `M${px(parent[i])} ${py(values[parent[i]])}L${px(i)} ${py(values[i])}`, "stroke-width": 1.4}, svg); });
    made("text", {x: 336, y: height - 4, "text-anchor": "middle"}, svg).textContent =
      "electrical distance from the substation; voltage [pu]";
    return svg;
  }
}
window.feeders = [...document.querySelectorAll(".feeder")].map(box => new Feeder(box));
