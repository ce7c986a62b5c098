// The smallest script that sends the same requests as ../delete.js: what may that one cost?
import http from 'k6/http';
export { handleSummary } from '../lib/summary.js';

const scenario = JSON.parse(open(__ENV.PROFILE)).scenarios.delete;
export const options = { scenarios: { scenario }, discardResponseBodies: true };
export default () => http.del(`${__ENV.BASE_URL}/items/${1 + __ITER}`);
