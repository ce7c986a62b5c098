// delete: one user DELETEs /items/{id}, the shuffled ids one after the other.
import http from 'k6/http';
import { PARAMS, profile } from './lib/given.js';
import { shuffledIds } from './lib/items.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('delete');
http.setResponseCallback(http.expectedStatuses(204));

const ids = shuffledIds(profile.rows);

export default turning((url, sent, done) => {
  return http.del(`${url}/items/${ids[done + sent]}`, null, PARAMS);
});
