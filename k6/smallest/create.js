// The smallest script that sends the same requests as ../create.js: what may that one cost?
import http from 'k6/http';
import { PARAMS } from '../lib/given.js';
import { optionsFor } from '../lib/options.js';
import { tagOnce, URL } from './tags.js';
export { handleSummary } from '../lib/summary.js';

export const options = optionsFor('create');
const body = JSON.stringify(JSON.parse(open('../lib/payloads.json')).create);
const asJson = { ...PARAMS, headers: { 'Content-Type': 'application/json' } };
export default () => {
  if (__ITER === 0) tagOnce();
  http.post(`${URL}/items/`, body, asJson);
};
