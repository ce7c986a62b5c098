// get: a few users GET /items/{id}, each its own share of the shuffled ids.
import http from 'k6/http';
import { PARAMS, profile, userPlace, usersOf } from './lib/given.js';
import { shuffledIds } from './lib/items.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('get');
http.setResponseCallback(http.expectedStatuses(200));

const ids = shuffledIds(profile.rows);
const users = usersOf('get');

export default turning((url, sent) => {
  const slot = sent * users + userPlace(); // the number of this request, as in update.js
  return http.get(`${url}/items/${ids[slot % ids.length]}`, PARAMS);
});
