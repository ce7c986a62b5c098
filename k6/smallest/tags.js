// What the smallest scripts have in common: the server, and the tags that a turn's requests have,
// set once; and the moment from which k6's CPU is compared, without its start.
import exec from 'k6/execution';
import { Gauge } from 'k6/metrics';
import { asTag, BASE_URL, LABELS, TURNS } from '../lib/given.js';

export const URL = TURNS ? TURNS.arms[LABELS[0]] : BASE_URL;

const began = new Gauge('began');

export function tagOnce() {
  began.add(exec.scenario.startTime);
  if (!TURNS) return;
  Object.assign(exec.vu.metrics.tags, { arm: asTag(LABELS[0]), part: 'counted', turn: '0' });
}
