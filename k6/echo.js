// echo: many users POST the same small JSON object to /echo.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
import { JSON_BODY, payloads } from './lib/items.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ echo: profile.scenarios.echo });
http.setResponseCallback(http.expectedStatuses(200));

const url = `${BASE_URL}/echo`;
const body = JSON.stringify(payloads.echo);

export default function () {
  http.post(url, body, JSON_BODY);
}
