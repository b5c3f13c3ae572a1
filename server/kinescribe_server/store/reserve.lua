-- Reserves a job id under its owner: at most one for each request_id, and within the owner's limits.
-- KEYS: the request's reservation, the owner's jobs (by time), active jobs, requests of this minute, seconds of film of
-- this day.
-- ARGV: request_id ("" for none), payload hash, job id, how long a request_id is remembered (ms); then the limits, 0 for
-- none: active jobs of the installation's queue, active jobs of an owner, requests a minute, seconds of film a day.
local reservation, jobs, active, requests, film = unpack(KEYS)
local request_id, payload, job_id, remember = unpack(ARGV)
local queue_limit, jobs_limit = tonumber(ARGV[5]), tonumber(ARGV[6])
local requests_limit, film_limit = tonumber(ARGV[7]), tonumber(ARGV[8])

if request_id ~= '' then
  local known = redis.call('GET', reservation)
  if known then
    local known_payload, known_job = string.match(known, '^(%S+) (%S+)$')
    if redis.call('ZSCORE', jobs, known_job) then  -- else that job is gone, and ids of jobs are not used again
      return {known_payload == payload and 'same' or 'reused', known_job, 0}
    end
  end
end

local function beyond(limit, used) return limit > 0 and used >= limit end
local running = redis.call('SCARD', active)
if beyond(queue_limit, running) then return {'full', '', 0} end
if beyond(jobs_limit, running) then return {'too_many_jobs', '', 0} end
if beyond(film_limit, tonumber(redis.call('GET', film) or '0')) then
  return {'too_much_film', '', redis.call('PTTL', film)}
end
if beyond(requests_limit, tonumber(redis.call('GET', requests) or '0')) then
  return {'too_many_requests', '', redis.call('PTTL', requests)}
end
if redis.call('INCR', requests) == 1 then redis.call('PEXPIRE', requests, 60000) end

local clock = redis.call('TIME')
if request_id ~= '' then redis.call('SET', reservation, payload .. ' ' .. job_id, 'PX', remember) end
redis.call('ZADD', jobs, clock[1] * 1000 + math.floor(clock[2] / 1000), job_id)
redis.call('SADD', active, job_id)
return {'new', job_id, 0}
