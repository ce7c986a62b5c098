// echo: many users POST the same small JSON object to /echo.
import http from 'k6/http';
import { JSON_BODY, payloads } from './lib/items.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('echo');
http.setResponseCallback(http.expectedStatuses(200));

const body = JSON.stringify(payloads.echo);

export default turning((url) => http.post(`${url}/echo`, body, JSON_BODY));
