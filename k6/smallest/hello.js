// The smallest script that sends the same requests as ../hello.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const { hello } = JSON.parse(open(__ENV.PROFILE)).scenarios;
export const options = { scenarios: { hello }, discardResponseBodies: true };
export default () => http.get(`${__ENV.BASE_URL}/hello`);
