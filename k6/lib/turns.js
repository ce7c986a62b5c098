// Turns: in a run of several arms all users load one arm at a time, in an order drawn beforehand.
// An arm's first turns only give every user its connections; then a turn is a gap, a lead-in, a
// counted part and a lead-out, and a request is of the part in which it starts.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { Counter, Gauge } from 'k6/metrics';
import { asTag, BASE_URL, PARAMS, TURNS, userPlace } from './given.js';

const began = __ENV.SUMMARY_PATH ? new Gauge('began') : undefined;
// Users who still waited for an answer when a later turn's lead-in began, by that turn's place.
const late = TURNS ? new Counter('late') : undefined;

// In ms since the first iteration, as all times here.
const CONNECTING = TURNS ? TURNS.connect.length * TURNS.connect_ms : 0;
const TURN = TURNS ? TURNS.gap_ms + TURNS.lead_in_ms + TURNS.counted_ms + TURNS.lead_out_ms : 0;
const leadIn = (place) => CONNECTING + place * TURN + TURNS.gap_ms;
const overdueAfter = (place) => (place + 1 < TURNS.order.length ? leadIn(place + 1) : Infinity);

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
  let sent = 0;
  return () => {
    if (sent === 0) began?.add(exec.scenario.startTime);
    ask(BASE_URL, sent++, 0);
  };
}

// What this user knows of an arm.
const arms = {};
for (const label of TURNS ? Object.keys(TURNS.arms) : []) {
  const done = TURNS.done[label] ?? 0;
  arms[label] = { tag: asTag(label), url: TURNS.arms[label], sent: 0, done, lost: false };
}

// Where this user is. In variables: every user comes to a new part of a turn a dozen times a
// second, and objects made for each would be a twentieth of what k6 costs.
let over = true; // this part is: go to the next one
let arm; // undefined where there is nothing to do
let place; // in the order; -1 while users connect
let turn; // the slice that is counted; undefined in the parts around it
let until; // the end of this part; where turns are of a number of requests, in iterations
let overdue; // when an answer makes a later turn void
let endsAt; // the same two by the machine's clock
let lateAt;

// For every request k6 goes through what follows, with dozens of users whose variables are in no
// cache. Whatever is looked up by its name costs a hundredth of a request: a property, and also a
// global such as Date, __ITER or undefined. So there is one such look, at the answer's status.
const now = Date.now;
let url; // of this arm, as the next two
let sent;
let done;

function turningByTime(ask) {
  return () => {
    if (over) enter();
    if (!arm) return rest();
    const { status } = ask(url, sent++, done);
    const answered = now();
    if (answered < endsAt && status !== 0) return;
    leave(status);
    if (answered >= lateAt) sayLate(answered);
  };
}

function turningByRequests(ask) {
  let iteration = 0;
  return () => {
    if (over) goToRequest(iteration);
    over = ++iteration >= until;
    if (!arm) return;
    const { status } = ask(url, sent++, done);
    if (over || status === 0) leave(status);
  };
}

// An arm that this user still asks.
function asked(label) {
  return label === undefined || arms[label].lost ? undefined : arms[label];
}

// This part is over. A server that did not answer gets no second time-out out of this user.
function leave(status) {
  arm.lost = status === 0;
  arm.sent = sent;
  over = true;
}

function rest() {
  sleep((endsAt - now()) / 1000);
  over = true;
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
const tagged = {};
function tag() {
  const name = arm === undefined ? 'none' : arm.tag;
  const counted = arm !== undefined && turn !== undefined;
  if (tagged.arm !== name) tags.arm = tagged.arm = name;
  if (tagged.counted !== counted) tags.part = counted ? 'counted' : 'around';
  if (counted && tagged.turn !== turn) tags.turn = `${turn}`;
  if (!counted && tagged.turn !== undefined) delete tags.turn;
  tagged.counted = counted;
  tagged.turn = counted ? turn : undefined;
}

function begin() {
  over = false;
  if (arm !== undefined) ({ url, sent, done } = arm);
  tag();
}

// Go to the part of a turn that is on, or wait for the next one.
function enter() {
  if (tags === undefined) start();
  let t = now() - startTime;
  let from = goTo(t);
  while (t < from) {
    sleep((from - t) / 1000);
    t = now() - startTime;
    from = goTo(t);
  }
  endsAt = startTime + until;
  lateAt = startTime + overdue;
  begin();
}

// Go to the part of a turn that has the moment t, and give back when it begins, if it has not yet.
function goTo(t) {
  turn = undefined;
  if (t < CONNECTING) return goToConnecting(t);
  place = Math.floor((t - CONNECTING) / TURN);
  arm = asked(TURNS.order[place]);
  if (place >= TURNS.order.length) {
    until = t + 10; // k6 is about to end
    return t;
  }
  overdue = overdueAfter(place);
  const counted = leadIn(place) + TURNS.lead_in_ms;
  if (t < counted) {
    until = counted;
    return leadIn(place);
  }
  if (t < counted + TURNS.counted_ms) goToSlice(t - counted, counted);
  else until = counted + TURNS.counted_ms + TURNS.lead_out_ms;
  return t;
}

function goToSlice(t, counted) {
  const length = TURNS.counted_ms / TURNS.slices;
  const slice = Math.floor(t / length);
  turn = place * TURNS.slices + slice;
  until = counted + (slice + 1) * length;
}

// One user after the other connects, while those who have done so keep asking: into an idle server,
// or all at once, they would all land on the same worker.
function goToConnecting(t) {
  const { connect, connect_ms, stagger_ms } = TURNS;
  const nth = Math.floor(t / connect_ms);
  place = -1;
  arm = asked(connect[nth]);
  until = (nth + 1) * connect_ms;
  overdue = overdueAfter(place);
  return Math.min(nth * connect_ms + userPlace() * stagger_ms, until);
}

// Go to the part of a turn that has this user's request of this number, from 0.
function goToRequest(number) {
  if (tags === undefined) start();
  const { order, requests, not_counted, slices } = TURNS;
  const counted = requests - not_counted;
  place = Math.floor(number / requests);
  arm = asked(order[place]);
  const first = place * requests + not_counted; // that is counted in this turn
  const slice = Math.floor(((number - first) * slices) / counted);
  turn = number < first ? undefined : place * slices + slice;
  until = number < first ? first : first + Math.ceil(((slice + 1) * counted) / slices);
  begin();
}

function sayLate(answered) {
  for (let next = place + 1; startTime + overdueAfter(next - 1) <= answered; next++) {
    late.add(1, { place: `${next}` });
  }
}
