// The smallest script that sends the same requests as ../get.js: what may that one cost?
import http from 'k6/http';
import { PARAMS } from '../lib/given.js';
import { optionsFor } from '../lib/options.js';
import { tagOnce, URL } from './tags.js';
export { handleSummary } from '../lib/summary.js';

export const options = optionsFor('get');
export default () => {
  if (__ITER === 0) tagOnce();
  http.get(`${URL}/items/${1 + (__ITER % 1500)}`, PARAMS);
};
