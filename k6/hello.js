// hello: many users GET /hello, each as soon as the last one is answered.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ hello: profile.scenarios.hello });
http.setResponseCallback(http.expectedStatuses(200));

const url = `${BASE_URL}/hello`;

export default function () {
  http.get(url);
}
