// Turns: in a run of several arms all users load one arm at a time, in an order drawn beforehand.
// An arm's first turns only give every user its connections; then a turn is a gap, a lead-in, a
// counted part and a lead-out, and a request is of the part in which it starts.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { Counter, Gauge } from 'k6/metrics';
import { asTag, BASE_URL, PARAMS, TURNS } from './given.js';

const began = __ENV.SUMMARY_PATH ? new Gauge('began') : undefined;
// Users who still waited for an answer when a later turn's lead-in began, by the place of that turn.
const late = TURNS ? new Counter('late') : undefined;

// In ms, as all times here.
const CONNECTING = TURNS ? TURNS.connect.length * TURNS.connect_ms : 0;
const TURN = TURNS ? TURNS.gap_ms + TURNS.lead_in_ms + TURNS.counted_ms + TURNS.lead_out_ms : 0;
const leadIn = (place) => CONNECTING + place * TURN + TURNS.gap_ms;

// k6's options for the users of all turns.
export function scenarioOfTurns() {
  const { users, order, requests } = TURNS;
  if (requests) {
    const iterations = order.length * requests;
    return { executor: 'per-vu-iterations', vus: users, iterations, maxDuration: '10m' };
  }
  const duration = Math.max(CONNECTING + order.length * TURN, 1000); // k6 takes no shorter one
  const stop = PARAMS.timeout + 5000; // so that every request ends before k6 stops its user
  const times = { duration: `${duration}ms`, gracefulStop: `${stop}ms` };
  return { executor: 'constant-vus', vus: users, ...times };
}

// What a user does in an iteration: ask(url, sent, done) makes one request and gives back the
// response. It is the user's request number `sent` (from 0) to this server, which has had `done`
// of the items deleted by earlier runs.
export function turning(ask) {
  if (TURNS) return TURNS.requests ? turningByRequests(ask) : turningByTime(ask);
  return () => {
    if (__ITER === 0) began?.add(exec.scenario.startTime);
    ask(BASE_URL, __ITER, 0);
  };
}

// What this user knows of an arm.
const arms = {};
for (const label of TURNS ? Object.keys(TURNS.arms) : []) {
  const done = TURNS.done[label] ?? 0;
  arms[label] = { tag: asTag(label), url: TURNS.arms[label], sent: 0, done, lost: false };
}

// Nobody gives an arm that does not answer a second time-out of its own.
function request(ask, arm) {
  const { status } = ask(arm.url, arm.sent++, arm.done);
  if (status === 0) arm.lost = true;
}

function turningByTime(ask) {
  let part = { until: 0 };
  return () => {
    if (Date.now() >= part.until) part = enter();
    if (part.arm === undefined) {
      sleep((part.until - Date.now()) / 1000);
      return;
    }
    request(ask, part.arm);
    if (Date.now() >= part.overdue) sayLate(part.place);
    if (part.arm.lost) part = { until: 0 };
  };
}

function turningByRequests(ask) {
  const { order, requests, not_counted, slices } = TURNS;
  const counted = requests - not_counted;
  return () => {
    if (__ITER === 0) start();
    const place = Math.floor(__ITER / requests);
    const nth = (__ITER % requests) - not_counted;
    const arm = arms[order[place]];
    if (arm.lost) tag('none', 'over');
    else if (nth < 0) tag(arm.tag, 'lead-in');
    else tag(arm.tag, 'counted', place * slices + Math.floor((nth * slices) / counted));
    if (!arm.lost) request(ask, arm);
  };
}

// Kept, because each look at exec makes a new object.
let tags;
let startTime;

function start() {
  tags = exec.vu.metrics.tags;
  startTime = exec.scenario.startTime;
  began?.add(startTime);
}

// Tags of the user reach all of k6's metrics, and cost half of what tags of each request do.
let last = {};
function tag(arm, part, turn) {
  if (last.arm === arm && last.part === part && last.turn === turn) return;
  last = { arm, part, turn };
  tags.arm = arm;
  tags.part = part;
  if (turn === undefined) delete tags.turn;
  else tags.turn = `${turn}`;
}

// Wait until a part of a turn has begun, and tag what follows; its arm is undefined where this user
// has nothing to do in it. Times are the machine's from here on, so that a look at the clock is all
// that a request costs.
function enter() {
  if (startTime === undefined) start();
  let now = Date.now() - startTime;
  let part = partAt(now);
  while (now < part.from) {
    sleep((part.from - now) / 1000);
    now = Date.now() - startTime;
    part = partAt(now);
  }
  const arm = part.label === undefined || arms[part.label].lost ? undefined : arms[part.label];
  tag(arm ? arm.tag : 'none', part.name, arm ? part.turn : undefined);
  const [until, overdue] = [startTime + part.until, startTime + part.overdue];
  return { arm, place: part.place, until, overdue };
}

// The part of a turn that has the moment t, or is the next one to begin.
function partAt(t) {
  if (t < CONNECTING) return connectingAt(t);
  const { order, lead_in_ms, counted_ms, lead_out_ms, slices } = TURNS;
  const place = Math.floor((t - CONNECTING) / TURN);
  if (place >= order.length) return { name: 'over', from: t, until: t + 10, overdue: Infinity };
  const turn = { label: order[place], place, overdue: overdueAfter(place) };
  const first = leadIn(place);
  const counted = first + lead_in_ms;
  const leadOut = counted + counted_ms;
  if (t < counted) return { ...turn, name: 'lead-in', from: first, until: counted };
  if (t >= leadOut) return { ...turn, name: 'lead-out', from: t, until: leadOut + lead_out_ms };
  const slice = Math.floor(((t - counted) * slices) / counted_ms);
  const until = counted + ((slice + 1) * counted_ms) / slices;
  return { ...turn, name: 'counted', turn: place * slices + slice, from: t, until };
}

// One user after the other connects, while those who have done so keep asking: into an idle server,
// or all at once, they would all land on the same worker.
function connectingAt(t) {
  const nth = Math.floor(t / TURNS.connect_ms);
  const until = (nth + 1) * TURNS.connect_ms;
  const from = Math.min(nth * TURNS.connect_ms + (__VU - 1) * TURNS.stagger_ms, until);
  const turn = { label: TURNS.connect[nth], place: -1, overdue: overdueAfter(-1) };
  return { ...turn, name: 'connect', from, until };
}

function overdueAfter(place) {
  return place + 1 < TURNS.order.length ? leadIn(place + 1) : Infinity;
}

function sayLate(place) {
  const now = Date.now() - startTime;
  for (let next = place + 1; overdueAfter(next - 1) <= now; next++) {
    late.add(1, { place: `${next}` });
  }
}
