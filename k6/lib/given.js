// What a run is told by its environment: the server it asks, or the arms that take turns.
import exec from 'k6/execution';

export const BASE_URL = __ENV.BASE_URL;
export const profile = JSON.parse(open(__ENV.PROFILE));
export const TURNS = __ENV.TURNS ? JSON.parse(__ENV.TURNS) : null;

// By these names the summary tells of the servers.
export const LABELS = TURNS ? Object.keys(TURNS.arms) : [__ENV.ARM || 'app'];

// Of every request. A server that hangs must not keep the users from the other arms for a minute.
export const PARAMS = TURNS ? { timeout: TURNS.request_timeout_ms } : undefined;

// This user's place, from 0, among those of all hosts: __VU begins at 1 on each of them.
let place = -1;
export function userPlace() {
  if (place < 0) place = exec.vu.idInTest - 1;
  return place;
}

export function usersOf(scenario) {
  return TURNS ? TURNS.users : profile.scenarios[scenario].vus;
}

// A label as the value of a tag: k6 cuts the names of its metrics at commas and colons.
export const asTag = encodeURIComponent;
