// warmup: many users GET /hello, then one user GETs /items/ a few times; none of it is reported.
import { optionsFor, profile } from './lib/options.js';
export { default as hello } from './hello.js';
export { default as list } from './list.js';
export { handleSummary } from './lib/summary.js';

export const options = optionsFor(profile.warmup);
