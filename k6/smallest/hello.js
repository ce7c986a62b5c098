// The smallest script that sends the same requests as ../hello.js: what may that one cost?
import http from 'k6/http';
import { PARAMS } from '../lib/given.js';
import { optionsFor } from '../lib/options.js';
import { tagOnce, URL } from './tags.js';
export { handleSummary } from '../lib/summary.js';

export const options = optionsFor('hello');
export default () => {
  if (__ITER === 0) tagOnce();
  http.get(`${URL}/hello`, PARAMS);
};
