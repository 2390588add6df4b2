"use strict";
const charts = JSON.parse(document.getElementById("charts").textContent);
const plots = new Map();
const root = document.documentElement;
const touch = window.matchMedia("(pointer: coarse)").matches;
// dark lines that would vanish on a dark page, and what stands for them there
const PALER = {"#4d4d4d": "#d0d0d0", "#0072b2": "#5cb3ff", "#332288": "#9d8df5", "#882255": "#d977a8",
  "#117733": "#4fbf76"};

function isDark() { return root.dataset.theme === "dark"; }
function shade(value) { return isDark() && PALER[value] ? PALER[value] : value; }
function themed(layout) {
  const dark = isDark(), ink = dark ? "#e8e8e8" : "#1a1a1a", back = dark ? "#16191d" : "#ffffff";
  const changed = structuredClone(layout);
  Object.assign(changed, {plot_bgcolor: back, paper_bgcolor: back, dragmode: touch ? false : "zoom",
    font: {...layout.font, color: ink},
    hoverlabel: {bgcolor: dark ? "#20252b" : "#ffffff", font: {color: ink}}});
  for (const key of Object.keys(changed)) if (/^[xy]axis/.test(key)) {
    changed[key].fixedrange = touch;  // a finger on a chart must scroll the page
    changed[key].gridcolor = dark ? "#343a41" : "#e3e3e3";
  }
  for (const shape of changed.shapes || []) shape.line.color = ink;
  return changed;
}
function tinted(data) {
  return data.map(trace => {
    const copy = {...trace};
    if (trace.line) copy.line = {...trace.line, color: shade(trace.line.color)};
    if (typeof trace.fillcolor === "string") copy.fillcolor = shade(trace.fillcolor);
    if (trace.marker && typeof trace.marker.color === "string")
      copy.marker = {...trace.marker, color: shade(trace.marker.color)};
    return copy;
  });
}
function draw(id) {
  const node = document.getElementById(id), chart = charts[id];
  const data = tinted(chart.data);
  for (const trace of data) if (chart.hidden && chart.hidden.has(trace.name)) trace.visible = false;
  plots.set(id, node);
  return Plotly.react(node, data, themed(chart.layout), {responsive: true, displayModeBar: false});
}
function saved(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
function quoted(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}
function csv(chart) {
  const lines = [["series", "x", "y", "value"]];
  for (const trace of chart.data) {
    if (trace.z) trace.z.forEach((row, r) => row.forEach((value, c) =>
      lines.push([trace.name || "", trace.x[c], trace.y[r], value])));
    else (trace.x || []).forEach((x, i) => lines.push([trace.name || "", x, trace.y[i], ""]));
  }
  return lines.map(line => line.map(quoted).join(",")).join("\n") + "\n";
}
async function exported(id, kind) {
  if (kind === "csv") return saved(id + ".csv", new Blob([csv(charts[id])], {type: "text/csv"}));
  const node = plots.get(id);
  const url = await Plotly.toImage(node, {format: kind, width: node.clientWidth, height: node.clientHeight, scale: 2});
  return saved(`${id}.${kind}`, await (await fetch(url)).blob());
}
for (const bar of document.querySelectorAll(".tools[data-plot]")) {
  bar.addEventListener("click", event => {
    const kind = event.target.dataset.kind, id = bar.dataset.plot;
    if (kind === "whole") draw(id);
    else if (kind) exported(id, kind);
  });
}
for (const list of document.querySelectorAll(".legend")) {
  list.addEventListener("click", event => {
    const button = event.target.closest("button");
    if (!button) return;
    const chart = charts[list.dataset.plot], name = button.dataset.name;
    chart.hidden = chart.hidden || new Set();
    const isHidden = chart.hidden.delete(name) ? false : Boolean(chart.hidden.add(name));
    button.setAttribute("aria-pressed", String(!isHidden));
    draw(list.dataset.plot);
  });
}
function choose(theme) {
  root.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "light page" : "dark page";
  for (const key of document.querySelectorAll("[data-colour]")) key.style.setProperty("--own", shade(key.dataset.colour));
  plots.forEach((_, id) => draw(id));
  window.dispatchEvent(new Event("themed"));
}
const preferred = window.matchMedia("(prefers-color-scheme: dark)");
choose(preferred.matches ? "dark" : "light");
preferred.addEventListener("change", event => choose(event.matches ? "dark" : "light"));
document.getElementById("theme").addEventListener("click", () => choose(isDark() ? "light" : "dark"));
// charts are drawn as they come near: the first screen is there at once
const near = new IntersectionObserver(seen => seen.filter(entry => entry.isIntersecting).forEach(entry => {
  near.unobserve(entry.target);
  if (!plots.has(entry.target.id)) draw(entry.target.id);
}), {rootMargin: "600px"});
Object.keys(charts).forEach(id => near.observe(document.getElementById(id)));
function drawAll() { Object.keys(charts).filter(id => !plots.has(id)).forEach(draw); }
let before = null;
window.addEventListener("beforeprint", () => {
  before = root.dataset.theme;
  drawAll();
  choose("light");
  plots.forEach(node => Plotly.relayout(node, {width: 640}));
});
window.addEventListener("afterprint", () => {
  choose(before || "light");
  plots.forEach(node => Plotly.relayout(node, {autosize: true, width: null}));
});
