// list: a few users GET /items/, every item at once.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ list: profile.scenarios.list });
http.setResponseCallback(http.expectedStatuses(200));

const url = `${BASE_URL}/items/`;

export default function () {
  http.get(url);
}
