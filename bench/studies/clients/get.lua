-- wrk: one route, {id} a random id; what it counts as a line of JSON.
-- wrk -t1 -c10 -d5s -s bench/studies/clients/get.lua http://127.0.0.1:8000 -- '/items/{id}'
local ROWS = 1500
local requests = {}

function init(args)
  for id = 1, ROWS do -- made beforehand: wrk.format costs more than the request
    requests[id] = wrk.format("GET", (args[1]:gsub("{id}", id)))
  end
end

function request()
  return requests[math.random(ROWS)]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  local line = '{"requests": %d, "failed": %d, "rate": %.6f, "mean_ms": %.6f}\n'
  local rate = summary.requests / summary.duration * 1e6
  io.write(string.format(line, summary.requests, failed, rate, latency.mean / 1000))
end
