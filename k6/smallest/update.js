// The smallest script that sends the same requests as ../update.js: what may that one cost?
import http from 'k6/http';
import { PARAMS } from '../lib/given.js';
import { optionsFor } from '../lib/options.js';
import { tagOnce, URL } from './tags.js';
export { handleSummary } from '../lib/summary.js';

export const options = optionsFor('update');
const body = '{"name":"A changed item","description":"Changed by the update scenario","in_stock":false,"price":';
const asJson = { ...PARAMS, headers: { 'Content-Type': 'application/json' } };
export default () => {
  if (__ITER === 0) tagOnce();
  const slot = __ITER * 10 + __VU;
  http.put(`${URL}/items/${1 + (slot % 1500)}`, `${body}${10000 + slot / 100}}`, asJson);
};
