// What all runs have in common: k6's options.
import { profile, TURNS } from './given.js';
import { BEGINNING, SHARE } from './hosts.js';
import { SUBMETRICS, TREND_STATS } from './summary.js';
import { scenarioOfTurns } from './turns.js';

// A fast error is not a fast answer: one of them fails a run of one server. Arms that take turns
// are judged one by one, afterwards: an empty list only makes k6 keep what the summary asks for.
const THRESHOLDS = TURNS
  ? Object.fromEntries(SUBMETRICS.map((metric) => [metric, []]))
  : { http_req_failed: ['rate==0'], dropped_iterations: ['count==0'] };

export function optionsFor(name, alone = { [name]: { ...profile.scenarios[name], ...BEGINNING } }) {
  return {
    ...SHARE,
    scenarios: TURNS ? { [name]: scenarioOfTurns() } : alone,
    discardResponseBodies: true,
    // The one that the summary asks for. The others cost a tenth of a request, and their url and
    // name make a time series of every id.
    systemTags: ['expected_response'],
    summaryTrendStats: TREND_STATS,
    thresholds: THRESHOLDS,
  };
}
