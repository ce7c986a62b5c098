// Several k6 that load one server: each has its share of the users, and all begin at one moment.
const HOSTS = Number(__ENV.HOSTS || 1);
const HOST = Number(__ENV.HOST || __ENV.JOB_COMPLETION_INDEX || 0); // from 0; an Indexed Job numbers its pods

// k6's options for this host's share.
export const SHARE = HOSTS === 1 ? {} : {
  executionSegment: `${HOST}/${HOSTS}:${HOST + 1}/${HOSTS}`,
  executionSegmentSequence: Array.from({ length: HOSTS + 1 }, (_, n) => `${n}/${HOSTS}`).join(),
};

// Of a scenario: when it begins, where START_AT says so, in seconds since 1970.
export const BEGINNING = __ENV.START_AT
  ? { startTime: `${Math.max(0, Math.round(1000 * Number(__ENV.START_AT) - Date.now()))}ms` }
  : {};
