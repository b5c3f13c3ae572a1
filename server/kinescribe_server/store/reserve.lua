-- Reserves a job id under its owner: at most one for each request_id, and no more active jobs than the limit.
-- KEYS: the request's reservation, the owner's jobs (by time), the owner's active jobs.
-- ARGV: request_id ("" for none), payload hash, job id, limit, how long a request_id is remembered (ms).
local reservation, jobs, active = unpack(KEYS)
local request_id, payload, job_id, limit, remember = unpack(ARGV)
if request_id ~= '' then
  local known = redis.call('GET', reservation)
  if known then
    local known_payload, known_job = string.match(known, '^(%S+) (%S+)$')
    if known_payload ~= payload then return {'reused', known_job} end
    return {'same', known_job}
  end
end
if redis.call('SCARD', active) >= tonumber(limit) then return {'full', ''} end
local clock = redis.call('TIME')
if request_id ~= '' then redis.call('SET', reservation, payload .. ' ' .. job_id, 'PX', remember) end
redis.call('ZADD', jobs, clock[1] * 1000 + math.floor(clock[2] / 1000), job_id)
redis.call('SADD', active, job_id)
return {'new', job_id}
