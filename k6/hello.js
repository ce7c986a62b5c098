// hello: many users GET /hello, each as soon as the last one is answered.
import http from 'k6/http';
import { PARAMS } from './lib/given.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('hello');
http.setResponseCallback(http.expectedStatuses(200));

export default turning((url) => http.get(`${url}/hello`, PARAMS));
