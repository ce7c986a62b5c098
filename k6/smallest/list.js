// The smallest script that sends the same requests as ../list.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { list } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { list }, discardResponseBodies: true };
export default () => http.get(`${__ENV.BASE_URL}/items/`);
