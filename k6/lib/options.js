// What all runs have in common: the server it asks, the profile it follows and k6's options.
import { TREND_STATS } from './summary.js';

export const BASE_URL = __ENV.BASE_URL;
export const profile = JSON.parse(open(__ENV.PROFILE));

export function optionsFor(scenarios) {
  return {
    scenarios,
    discardResponseBodies: true,
    // The one that the summary asks for. The others cost a tenth of a request, and their url and
    // name make a time series of every id.
    systemTags: ['expected_response'],
    summaryTrendStats: TREND_STATS,
    // A fast error is not a fast answer: one of them fails the run.
    thresholds: { http_req_failed: ['rate==0'], dropped_iterations: ['count==0'] },
  };
}
