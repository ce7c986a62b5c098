// The smallest script that sends the same requests as ../echo.js: what may that one cost?
import http from 'k6/http';
import { PARAMS } from '../lib/given.js';
import { optionsFor } from '../lib/options.js';
import { tagOnce, URL } from './tags.js';
export { handleSummary } from '../lib/summary.js';

export const options = optionsFor('echo');
const body = JSON.stringify(JSON.parse(open('../lib/payloads.json')).echo);
const asJson = { ...PARAMS, headers: { 'Content-Type': 'application/json' } };
export default () => {
  if (__ITER === 0) tagOnce();
  http.post(`${URL}/echo`, body, asJson);
};
