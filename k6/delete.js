// delete: one user DELETEs /items/{id}, the shuffled ids one after the other.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
import { shuffledIds } from './lib/items.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ delete: profile.scenarios.delete });
http.setResponseCallback(http.expectedStatuses(204));

const ids = shuffledIds(profile.rows);

export default function () {
  http.del(`${BASE_URL}/items/${ids[__ITER]}`);
}
