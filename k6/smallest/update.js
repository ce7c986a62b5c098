// The smallest script that sends the same requests as ../update.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { update } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { update }, discardResponseBodies: true };
const body = '{"name":"A","description":"B","price":';
const asJson = { headers: { 'Content-Type': 'application/json' } };
export default () => http.put(`${__ENV.BASE_URL}/items/${1 + (__ITER % 1500)}`, `${body}${__ITER}}`, asJson);
