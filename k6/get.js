// get: a few users GET /items/{id}, between them the shuffled ids one after the other.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
import { nextOf, shuffledIds } from './lib/items.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ get: profile.scenarios.get });
http.setResponseCallback(http.expectedStatuses(200));

const ids = shuffledIds(profile.rows);

export default function () {
  http.get(`${BASE_URL}/items/${nextOf(ids)}`);
}
