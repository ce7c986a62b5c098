// warmup: users ask before anything is measured; none of it is reported. A server alone: many users
// GET /hello, then one user GETs /items/ a few times. In turns: each arm on all routes of the
// profile's scenarios.
import http from 'k6/http';
import { PARAMS, profile } from './lib/given.js';
import { JSON_BODY, payloads } from './lib/items.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { default as hello } from './hello.js';
export { default as list } from './list.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('warmup', profile.warmup);
http.setResponseCallback(http.expectedStatuses(200, 201, 204));

const [echo, item] = [payloads.echo, payloads.create].map((payload) => JSON.stringify(payload));
const changed = JSON.stringify({ ...payloads.update, price: 0 });

const ROUTES = {
  hello: (url) => http.get(`${url}/hello`, PARAMS),
  echo: (url) => http.post(`${url}/echo`, echo, JSON_BODY),
  list: (url) => http.get(`${url}/items/`, PARAMS),
  get: (url) => http.get(`${url}/items/1`, PARAMS),
  create: write,
  update: write,
  delete: write,
};
const asked = [...new Set(Object.keys(profile.scenarios).map((name) => ROUTES[name]))];

// Three requests in one iteration: the end of a turn must not leave an item behind, which list
// would send in every answer of this arm alone.
function write(url) {
  const made = http.post(`${url}/items/`, item, { ...JSON_BODY, responseType: 'text' });
  if (made.status !== 201) return made;
  const itsUrl = `${url}/items/${made.json('id')}`;
  const answer = http.put(itsUrl, changed, JSON_BODY);
  return answer.status === 0 ? answer : http.del(itsUrl, null, PARAMS);
}

export default turning((url, sent) => asked[sent % asked.length](url));
