// create: a few users POST the same new item to /items/.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
import { JSON_BODY, payloads } from './lib/items.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ create: profile.scenarios.create });
http.setResponseCallback(http.expectedStatuses(201));

const url = `${BASE_URL}/items/`;
const body = JSON.stringify(payloads.create);

export default function () {
  http.post(url, body, JSON_BODY);
}
