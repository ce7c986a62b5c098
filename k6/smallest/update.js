// The smallest script that sends the same requests as ../update.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { update } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { update }, discardResponseBodies: true };
const body = '{"name":"A changed item","description":"Changed by the update scenario","in_stock":false,"price":';
const asJson = { headers: { 'Content-Type': 'application/json' } };
export default () => {
  const slot = __ITER * 10 + __VU;
  http.put(`${__ENV.BASE_URL}/items/${1 + (slot % 1500)}`, `${body}${10000 + slot / 100}}`, asJson);
};
