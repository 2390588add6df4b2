"use strict";
// Asks for what the run has written since the last answer, and puts it into charts, feeders and lists.
const begun = JSON.parse(document.getElementById("live").textContent);
const live = {written: 0, isOver: false, failed: 0, newest: {}};
const MOST_FAILED = 3;

function tellStatus(text, state) {
  const line = document.getElementById("status");
  line.textContent = text;
  line.dataset.state = state;
}
function joined(before, text, keep) {
  const more = text ? decoded(text) : new Uint16Array();
  const all = new Uint16Array(keep + more.length);
  if (before) all.set(before.subarray(0, keep));
  all.set(more, keep);
  return all;
}
function addLines(answer) {
  for (const [id, lines] of Object.entries(answer.lines)) {
    if (!charts[id]) continue;
    for (const [name, values] of Object.entries(lines)) {
      const trace = charts[id].data.find(one => one.name === quotedName(name));
      if (!trace) continue;
      trace.x = trace.x.slice(0, answer.from).concat(answer.hours);
      trace.y = trace.y.slice(0, answer.from).concat(values);
      if (values.length) live.newest[`${id}/${name}`] = [name, values[values.length - 1]];
    }
    if (plots.has(id)) draw(id);
  }
}
function quotedName(name) { return name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"); }
function addFeeder(feeder, cases, answer) {
  const data = feeder.data, buses = data.bus.length, isFollowing = feeder.isFollowing !== false;
  for (const [kind, text] of Object.entries(cases)) {
    const key = `${begun.run}/${kind}`, all = joined(feeder.rows.get(key), text, answer.from * buses);
    feeder.rows.set(key, all);
    const scale = data.scales[kind === "loading" ? "loading" : "voltage"];
    const limits = data.limits[kind === "loading" ? "loading" : "voltage"];
    for (let i = answer.from * buses; i < all.length; i++) if (all[i] !== MISSING) {
      const value = scale.base + all[i] * scale.unit;
      if (kind !== "loading" && !feeder.hasLimits) { limits[0] = limits[1] = value; feeder.hasLimits = true; }
      limits[0] = Math.min(limits[0], value);
      limits[1] = Math.max(limits[1], value);
    }
  }
  data.clock = (answer.from ? data.clock : []).slice(0, answer.from).concat(answer.hours.map(clockOf));
  feeder.slider.max = Math.max(data.clock.length - 1, 0);
  if (isFollowing) feeder.slider.value = feeder.slider.max;
  feeder.show();
}
function clockOf(hour) {
  const minutes = Math.round(hour * 60), two = value => String(value).padStart(2, "0");
  return `day ${Math.floor(minutes / 1440) + 1}, ${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
}
function tellEvents(events) {
  const list = document.getElementById("happened");
  for (const [clock, text] of events.slice(list.childElementCount)) {
    const item = document.createElement("li");
    item.textContent = `${clock}: ${text}`;
    list.prepend(item);
  }
}
function tellNewest() {
  document.getElementById("newest").replaceChildren(...Object.entries(live.newest).map(([key, [name, value]]) => {
    const box = document.createElement("div"), figure = document.createElement("b");
    figure.textContent = value === null ? "-" : Number(value.toPrecision(5)).toLocaleString("en");
    box.dataset.line = key;
    const unit = begun.units[key.split("/")[0]];
    box.append(figure, document.createTextNode(unit ? ` ${unit} ${name}` : ` ${name}`));
    return box;
  }));
}
function take(answer) {
  document.getElementById("done").max = answer.total;
  document.getElementById("done").value = answer.written;
  if (answer.written > answer.from) {
    addLines(answer);
    for (const feeder of window.feeders)
      if (answer.feeders[feeder.box.dataset.district]) addFeeder(feeder, answer.feeders[feeder.box.dataset.district], answer);
    tellNewest();
  }
  tellEvents(answer.events);
  live.written = answer.written;
  live.isOver = answer.over;
  tellStatus(answer.ending, answer.status);
}
async function ask() {
  try {
    const answer = await fetch(`state?from=${live.written}`, {cache: "no-store"});
    if (!answer.ok) throw new Error(String(answer.status));
    take(await answer.json());
    live.failed = 0;
  } catch (error) {
    live.failed += 1;
    if (live.failed >= MOST_FAILED) {
      live.isOver = true;
      tellStatus(`The command that served this page has ended; ${live.written} of ${begun.total} steps came until then.`,
        "ended");
    }
  }
  if (!live.isOver) setTimeout(ask, begun.period);
}
for (const feeder of window.feeders) feeder.slider.addEventListener("input", () => {
  feeder.isFollowing = feeder.slider.value === feeder.slider.max;
});
window.live = live;
ask();
