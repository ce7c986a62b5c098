// get: a few users GET /items/{id}, each its own share of the shuffled ids.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
import { shuffledIds } from './lib/items.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ get: profile.scenarios.get });
http.setResponseCallback(http.expectedStatuses(200));

const ids = shuffledIds(profile.rows);
const users = profile.scenarios.get.vus;

export default function () {
  const slot = __ITER * users + __VU - 1; // the number of this request, as in update.js
  http.get(`${BASE_URL}/items/${ids[slot % ids.length]}`);
}
