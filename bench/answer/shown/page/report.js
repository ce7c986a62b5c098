'use strict';
// Another baseline, or fewer arms: marks move. Each ratio and interval is the answer's, none is computed.
const read = (id) => document.getElementById(id).textContent;
const [answer, data] = [JSON.parse(read('answer')), JSON.parse(read('data'))];
const scenarios = Object.fromEntries(answer.scenarios.map((one) => [one.name, lookedUp(one)]));
const base = document.getElementById('base');
const boxes = [...document.querySelectorAll('#arms input')];
const svg = (name, attributes) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

// Of a scenario its ratios by pair, and by arm and session the time that a request took.
function lookedUp({ unit, values, ratios }) {
  const time = (value) => (unit === 'ms' ? value : 1 / value);
  const times = (of) => Object.fromEntries(Object.entries(of).map(([session, value]) => [session, time(value)]));
  const told = ({ times, interval, word, bound }) => [times, interval && interval.low, interval && interval.high, data.words[word] || null, bound];
  return {
    sessions: Object.fromEntries(values.map((value) => [value.arm, times(value.sessions)])),
    ratios: Object.fromEntries(ratios.map((one) => [`${one.slower}\n${one.faster}`, told(one)])),
  };
}

// As Python writes them: what is not 1 never reads as 1.
function times(value) {
  for (let digits = 2; digits < 9; digits++) {
    const text = value.toFixed(digits);
    if (Number(text) !== 1 || value === 1) return text;
  }
  return value.toFixed(8);
}

// How many times as long arm takes as other does; turned round where the answer has it so.
function ratio(scenario, arm, other) {
  const one = scenario.ratios[`${arm}\n${other}`];
  if (one) return one;
  const turned = scenario.ratios[`${other}\n${arm}`];
  if (!turned) return undefined;
  const [value, low, high, word, bound] = turned;
  return [1 / value, low === null ? null : 1 / high, low === null ? null : 1 / low, word, bound && 'at most'];
}

// The arms of a scenario that are shown, the fastest first, and the one that they are compared with.
function choice(name, chosen) {
  const arms = Object.keys(scenarios[name].sessions).filter((arm) => !chosen.without.includes(arm));
  return [arms, arms.includes(chosen.base) ? chosen.base : arms[0]];
}

// One axis for all panels, on which 1 has a place.
function scaleOf(chosen) {
  const logs = [0];
  for (const [name, scenario] of Object.entries(scenarios)) {
    const [arms, baseline] = choice(name, chosen);
    for (const arm of arms) {
      const of = arm === baseline ? undefined : ratio(scenario, arm, baseline);
      if (of) logs.push(...of.slice(0, 3).filter((value) => value !== null).map(Math.log));
    }
  }
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  const room = 0.08 * Math.max(most - least, Math.log(1.1));
  const [low, high] = [least - room, most + room];
  const place = (value) => Math.min(100, Math.max(0, (100 * (Math.log(value) - low)) / (high - low)));
  const apart = (ticks) => ticks.slice(1).every((tick, at) => place(tick) - place(ticks[at]) >= data.gap);
  const named = data.steps.map((steps) => steps.filter((tick) => place(tick) >= 4 && place(tick) <= 92));
  const ticks = named.find((found) => found.length > 1 && apart(found)) || [1];
  const near = (tick) => tick !== 1 && (Math.abs(place(tick) - place(1)) < 2 * data.gap || tick !== ticks.at(-1));
  return { at: (value) => `${place(value).toFixed(1)}%`, ticks, near };
}

function draw(name, chosen, scale) {
  const scenario = scenarios[name];
  const table = document.querySelector(`table[data-scenario="${name}"]`);
  const numbers = scale.ticks.map((tick) => {
    const text = svg('text', { x: scale.at(tick), y: 11, 'text-anchor': 'middle', class: scale.near(tick) ? 'near' : '' });
    text.textContent = `${tick}×`;
    return text;
  });
  table.querySelector('.axis').replaceChildren(...numbers);
  const [arms, baseline] = choice(name, chosen);
  for (const row of table.tBodies[0].rows) {
    const arm = row.dataset.arm;
    row.hidden = !arms.includes(arm);
    const of = arm === baseline ? [1, null, null, null, null] : ratio(scenario, arm, baseline);
    [row.querySelector('b').textContent, row.querySelector('small').textContent] = words(of, arm === baseline);
    move(row.querySelector('svg'), scenario, of, [arm, baseline], scale);
  }
}

function words(of, same) {
  if (same) return ['1×', ''];
  if (!of) return ['', ''];
  const [value, low, high, word, bound] = of;
  const span = low === null ? '' : `${times(low)} to ${times(high)}`;
  if (word !== null) return [word, span];
  if (bound === 'at least') return [`≥ ${times(low)}×`, "k6's limit"];
  if (bound === 'at most') return [`≤ ${times(high)}×`, "k6's limit"];
  return [`${times(value)}×`, span];
}

function move(drawn, scenario, of, [arm, baseline], { at, ticks }) {
  const grid = (tick) => svg('line', { class: tick === 1 ? 'tick one' : 'tick', x1: at(tick), x2: at(tick), y1: 0, y2: '100%' });
  drawn.replaceChildren(...ticks.map(grid));
  if (!of) return;
  const line = { y1: 9, y2: 9 };
  if (of[1] !== null) drawn.append(svg('line', { ...line, class: 'line', x1: at(of[1]), x2: at(of[2]) }));
  if (of[4] === 'at least') drawn.append(svg('line', { ...line, class: 'more', x1: at(of[2]), x2: '100%' }));
  if (of[4] === 'at most') drawn.append(svg('line', { ...line, class: 'more', x1: '0%', x2: at(of[1]) }));
  const [mine, theirs] = [scenario.sessions[arm] || {}, scenario.sessions[baseline] || {}];
  for (const session of arm === baseline ? [] : Object.keys(mine)) {
    if (session in theirs) drawn.append(svg('circle', { class: 'dot', cx: at(mine[session] / theirs[session]), cy: 20, r: 1.7 }));
  }
  drawn.append(svg('circle', { class: 'mark', cx: at(of[0]), cy: 9, r: 4.5 }));
}

// The address keeps what was chosen: #get&base=flask_sqlite&without=django_drf.
function state() {
  const found = { place: '', base: '', without: [] };
  const text = (part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return '';
    }
  };
  for (const part of location.hash.slice(1).split('&')) {
    const [key, value] = part.split('=');
    if (value === undefined) found.place = text(key);
    else if (key === 'base') found.base = text(value);
    else if (key === 'without') found.without = value.split(',').map(text);
  }
  return found;
}

function show(chosen) {
  base.value = [...base.options].some((option) => option.value === chosen.base) ? chosen.base : '';
  for (const box of boxes) box.checked = !chosen.without.includes(box.value);
  const scale = scaleOf(chosen);
  for (const name of Object.keys(scenarios)) draw(name, chosen, scale);
}

function choose() {
  const without = boxes.filter((box) => !box.checked).map((box) => box.value);
  const parts = [encodeURIComponent(state().place)];
  if (base.value) parts.push(`base=${encodeURIComponent(base.value)}`);
  if (without.length) parts.push(`without=${without.map(encodeURIComponent).join(',')}`);
  history.replaceState(null, '', `#${parts.filter(Boolean).join('&')}`);
  show({ base: base.value, without });
}

function arrive() {
  const chosen = state();
  show(chosen);
  const target = chosen.place && document.getElementById(chosen.place);
  if (target) target.scrollIntoView();
}

if (base && data.choose) {
  document.getElementById('choose').hidden = false;
  base.addEventListener('change', choose);
  for (const box of boxes) box.addEventListener('change', choose);
  addEventListener('hashchange', arrive);
  if (state().base || state().without.length) arrive();
}

document.getElementById('whole').href = URL.createObjectURL(new Blob([read('answer')], { type: 'application/json' }));

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const told = document.getElementById('copied');
    try {
      await navigator.clipboard.writeText(data[button.dataset.copy]);
      told.textContent = 'Copied.';
    } catch {
      told.textContent = 'This browser does not let a page copy here.';
    }
  });
}

// What is folded opens where it is printed.
addEventListener('beforeprint', () => {
  for (const one of document.querySelectorAll('details')) one.open = true;
});
