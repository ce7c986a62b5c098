// list: a few users GET /items/, every item at once.
import http from 'k6/http';
import { PARAMS } from './lib/given.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('list');
http.setResponseCallback(http.expectedStatuses(200));

export default turning((url) => http.get(`${url}/items/`, PARAMS));
