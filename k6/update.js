// update: a few users PUT /items/{id}, each on ids of its own, every time with a new price.
import http from 'k6/http';
import { profile, TURNS, userPlace, usersOf } from './lib/given.js';
import { JSON_BODY, payloads, shuffledIds } from './lib/items.js';
import { optionsFor } from './lib/options.js';
import { turning } from './lib/turns.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor('update');
http.setResponseCallback(http.expectedStatuses(200));

const ids = shuffledIds(profile.rows);
const users = usersOf('update');
const earlier = TURNS ? TURNS.run - 1 : 0; // runs, whose prices must not come again
const cents = (payloads.update_price_from + payloads.update_price_a_run * earlier) * 100;
const body = JSON.stringify(payloads.update).slice(0, -1) + ',"price":';

export default turning((url, sent) => {
  // The number of this request. Users divide rows, so an id is always the same user's, and the
  // price that stays in the end tells how far that user came.
  const slot = sent * users + userPlace();
  const price = (cents + slot) / 100; // one division: 10000 + slot / 100 rounds twice
  return http.put(`${url}/items/${ids[slot % ids.length]}`, `${body}${price}}`, JSON_BODY);
});
