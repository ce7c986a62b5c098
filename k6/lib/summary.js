// What is kept of a run: counts, and response times as exact percentiles, enough to merge runs.
const TIMES = 'http_req_duration{expected_response:true}';
const METRICS = {
  http_reqs: ['count', 'rate'],
  http_req_failed: ['rate', 'passes', 'fails'], // passes are the requests that did fail
  iterations: ['count', 'rate'],
  dropped_iterations: ['count', 'rate'],
  data_received: ['count', 'rate'],
  iteration_duration: ['count', 'avg', 'min', 'max'],
  http_req_blocked: ['avg', 'max'], // waiting for a connection
  http_req_connecting: ['avg', 'max'],
  [TIMES]: ['count', 'avg', 'min', 'med', 'max'],
};

// The grid, finer towards 100: [from, to, steps in one]. Divided, because sums would drift.
const PARTS = [[0, 90, 1], [90, 98, 4], [98, 99.9, 20], [99.9, 100, 100]];
const GRID = PARTS.flatMap(([from, to, fine]) => {
  const first = Math.round(from * fine);
  const steps = Math.round(to * fine) - first;
  return Array.from({ length: steps }, (_, step) => (first + step) / fine);
}).concat(100);

// Without SUMMARY_PATH both leave k6 its own text, for a person.
export const TREND_STATS = __ENV.SUMMARY_PATH
  ? ['count', 'avg', 'min', 'med', 'max', ...GRID.map((p) => `p(${p})`)]
  : undefined;

export function handleSummary(data) {
  if (!__ENV.SUMMARY_PATH) return undefined;
  // What a run did not measure is null: k6 would swallow an exception, write nothing and exit 0.
  const value = (metric, key) => data.metrics[metric]?.values?.[key] ?? null;
  const metrics = {};
  for (const [metric, keys] of Object.entries(METRICS)) {
    metrics[metric] = Object.fromEntries(keys.map((key) => [key, value(metric, key)]));
  }
  metrics[TIMES].grid = { p: GRID, ms: GRID.map((p) => value(TIMES, `p(${p})`)) };
  const summary = { testRunDurationMs: data.state.testRunDurationMs, metrics };
  return { [__ENV.SUMMARY_PATH]: JSON.stringify(summary) };
}
