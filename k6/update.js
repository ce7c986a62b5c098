// update: a few users PUT /items/{id}, each on ids of its own, every time with a new price.
import http from 'k6/http';
import { BASE_URL, optionsFor, profile } from './lib/options.js';
import { JSON_BODY, payloads, shuffledIds } from './lib/items.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor({ update: profile.scenarios.update });
http.setResponseCallback(http.expectedStatuses(200));

const ids = shuffledIds(profile.rows);
const users = profile.scenarios.update.vus;
const cents = payloads.update_price_from * 100;
const body = JSON.stringify(payloads.update).slice(0, -1) + ',"price":';

export default function () {
  // The number of this request. Users divide rows, so an id is always the same user's, and the
  // price that stays in the end tells how far that user came.
  const slot = __ITER * users + __VU - 1;
  const price = (cents + slot) / 100; // one division: 10000 + slot / 100 rounds twice
  http.put(`${BASE_URL}/items/${ids[slot % ids.length]}`, `${body}${price}}`, JSON_BODY);
}
