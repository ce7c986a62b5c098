// Which items a run asks for and what it sends; bench/ reads the same payloads.json.
import { SharedArray } from 'k6/data';
import { PARAMS } from './given.js';

// A URL, whose path is to be decoded: the folder's name may have a space or a %.
const file = decodeURIComponent(import.meta.resolve('./payloads.json'));
export const payloads = JSON.parse(open(file));

export const JSON_BODY = { ...PARAMS, headers: { 'Content-Type': 'application/json' } };

// The ids 1 to rows, in one random order for every stack, run and machine. Shared, because each
// user would else shuffle for itself, 6 ms of CPU each. One element holds them all, as a text: each
// look at an element costs 3 µs, and one that is an array of them 2 ms for each user.
export function shuffledIds(rows) {
  return new SharedArray('ids', () => [shuffle(rows).join()])[0].split(',');
}

// Fisher and Yates' shuffle by Park and Miller's generator, exact in doubles. (k6's randomSeed()
// does nothing here.)
function shuffle(rows) {
  const ids = Array.from({ length: rows }, (_, index) => index + 1);
  let x = payloads.seed;
  for (let last = rows - 1; last > 0; last--) {
    x = (x * 48271) % 2147483647;
    const other = x % (last + 1);
    [ids[last], ids[other]] = [ids[other], ids[last]];
  }
  return ids;
}
