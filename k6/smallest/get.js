// The smallest script that sends the same requests as ../get.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { get } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { get }, discardResponseBodies: true };
export default () => http.get(`${__ENV.BASE_URL}/items/${1 + (__ITER % 1500)}`);
