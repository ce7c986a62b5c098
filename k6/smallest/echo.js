// The smallest script that sends the same requests as ../echo.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { echo } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { echo }, discardResponseBodies: true };
const body = JSON.stringify(JSON.parse(open('../lib/payloads.json')).echo);
const asJson = { headers: { 'Content-Type': 'application/json' } };
export default () => http.post(`${__ENV.BASE_URL}/echo`, body, asJson);
