// The smallest script that sends the same requests as ../create.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { create } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { create }, discardResponseBodies: true };
const body = JSON.stringify(JSON.parse(open('../lib/payloads.json')).create);
const asJson = { headers: { 'Content-Type': 'application/json' } };
export default () => http.post(`${__ENV.BASE_URL}/items/`, body, asJson);
