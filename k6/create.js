// create: a few users POST the same new item to /items/.
import http from 'k6/http';
import { JSON_BODY, payloads } from './lib/items.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('create');
http.setResponseCallback(http.expectedStatuses(201));

const body = JSON.stringify(payloads.create);

export default turning((url) => http.post(`${url}/items/`, body, JSON_BODY));
