// What is kept of a run: by arm its counts, and response times as exact percentiles, enough to
// merge runs; by turn how many answers and their mean. bench/keep/summary.py has it as types.
import { asTag, LABELS, TURNS } from './given.js';

// The grid, finer towards 100: [from, to, steps in one]. Divided, because sums would drift.
const PARTS = [[0, 90, 1], [90, 98, 4], [98, 99, 20], [99, 99.9, 40], [99.9, 100, 100]];
const GRID = PARTS.flatMap(([from, to, fine]) => {
  const first = Math.round(from * fine);
  const steps = Math.round(to * fine) - first;
  return Array.from({ length: steps }, (_, step) => (first + step) / fine);
}).concat(100);

// Without SUMMARY_PATH both leave k6 its own text, for a person.
export const TREND_STATS = __ENV.SUMMARY_PATH
  ? ['count', 'avg', 'min', 'med', 'max', ...GRID.map((p) => `p(${p})`)]
  : undefined;

// k6's metrics of an arm; those of a server alone are the whole run's.
function metricsOf(label) {
  const of = TURNS ? [`arm:${asTag(label)}`] : [];
  const counted = TURNS ? [...of, 'part:counted'] : [];
  return {
    requests: named('http_reqs', of),
    failed: named('http_req_failed', of),
    iterations: named('iterations', of),
    received: named('data_received', of),
    iteration: named('iteration_duration', counted),
    times: named('http_req_duration', [...counted, 'expected_response:true']),
  };
}

function named(metric, tags) {
  return tags.length ? `${metric}{${tags.join()}}` : metric;
}

const PLACES = TURNS ? TURNS.order.map((_, place) => place) : [];
const SLICES = TURNS ? Array.from({ length: TURNS.order.length * TURNS.slices }, (_, n) => n) : [];
const timesOf = (slice) => named('http_req_duration', [`turn:${slice}`, 'expected_response:true']);
const lateOf = (place) => named('late', [`place:${place}`]);

// What k6 keeps by tag only where its options name it.
export const SUBMETRICS = TURNS
  ? LABELS.flatMap((label) => Object.values(metricsOf(label)))
      .concat(SLICES.map(timesOf), PLACES.map(lateOf))
  : [];

export function handleSummary(data) {
  if (!__ENV.SUMMARY_PATH) return undefined;
  // What a run did not measure is null: k6 would swallow an exception, write nothing and exit 0.
  const value = (metric, key) => data.metrics[metric]?.values?.[key] ?? null;
  const summary = {
    began_ms: value('began', 'value'),
    seconds: rounded(data.state.testRunDurationMs / 1000, 6),
    dropped: value('dropped_iterations', 'count') ?? 0,
    grid: GRID,
    arms: Object.fromEntries(LABELS.map((label) => [label, armSummary(metricsOf(label), value)])),
    turns: TURNS ? turnsSummary(value) : null,
  };
  return { [__ENV.SUMMARY_PATH]: JSON.stringify(summary) };
}

function armSummary(metrics, value) {
  return {
    requests: value(metrics.requests, 'count') ?? 0,
    failed: value(metrics.failed, 'passes') ?? 0, // passes are the requests that did fail
    iterations: value(metrics.iterations, 'count') ?? 0,
    bytes_received: value(metrics.received, 'count') ?? 0,
    times: {
      count: value(metrics.times, 'count') ?? 0,
      ...Object.fromEntries(
        ['avg', 'min', 'med', 'max'].map((key) => [key, ms(metrics.times, key, value)]),
      ),
      ms: GRID.map((p) => ms(metrics.times, `p(${p})`, value)),
    },
    iteration_mean_ms: ms(metrics.iteration, 'avg', value),
    iteration_max_ms: ms(metrics.iteration, 'max', value),
  };
}

function turnsSummary(value) {
  const { connect, order, slices, requests, not_counted } = TURNS;
  const { connect_ms, gap_ms, lead_in_ms, counted_ms, lead_out_ms } = TURNS;
  return {
    ...{ connect, order, slices, requests, not_counted },
    ...{ connect_ms, gap_ms, lead_in_ms, counted_ms, lead_out_ms },
    count: SLICES.map((slice) => value(timesOf(slice), 'count') ?? 0),
    mean_ms: SLICES.map((slice) => ms(timesOf(slice), 'avg', value)),
    void: PLACES.filter((place) => value(lateOf(place), 'count') > 0),
  };
}

// A time, to the µs; null where there is none, which k6 calls 0.
function ms(metric, key, value) {
  return value(metric, 'count') ? rounded(value(metric, key), 3) : null;
}

function rounded(number, digits) {
  return number === null ? null : Number(number.toFixed(digits));
}
