-- The composer: the only writer of a job's event log.
--
-- One call takes one fact about a job (ARGV[1] names it, the rest describes it) and writes everything that follows from
-- it, all or nothing: events, the states of steps, counts. It refuses a job that is absent or closed, and a worker whose
-- attempt is not the current one. Time is Redis's.
--
-- A step's state is "<state> <attempt>": pending, running (leased), waiting (between attempts, leased), done.
local job, events, steps, leases, results, artifacts, warnings = unpack(KEYS)
local QUEUES = {script = KEYS[8], speech = KEYS[9], visual = KEYS[10], render = KEYS[11]}  -- what waits, by the resource that it needs
local fact = ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function field(name) return redis.call('HGET', job, name) or '' end
local function count(name) return tonumber(redis.call('HGET', job, name) or '0') end
local function raise(name, by) return redis.call('HINCRBY', job, name, by or 1) end

local function append(body)
  local sequence = raise('sequence')
  local chain = redis.sha1hex(field('chain') .. body)
  redis.call('HSET', job, 'chain', chain)
  local progress = table.concat({count('segments'), count('audio'), count('visual'), count('rendered'), count('composed')}, ' ')
  redis.call('XADD', events, sequence .. '-0', 'body', body, 'chain', chain, 'time', now, 'progress', progress)
end

local RESOURCE = {script = 'script', speech = 'speech', visual = 'visual', render = 'render', compose = 'render'}
local function queue_of(step)
  local kind, segment = string.match(step, '^(%a+):?(%d*)$')
  return QUEUES[RESOURCE[kind]], tonumber(segment) or 0
end

local function make_pending(step, attempt)
  local queue, segment = queue_of(step)
  redis.call('HSET', steps, step, 'pending ' .. attempt)
  redis.call('ZREM', leases, step)
  redis.call('ZADD', queue, segment, step)  -- the lowest segment first
end

local function drop_pending()
  redis.call('DEL', QUEUES.script, QUEUES.speech, QUEUES.visual, QUEUES.render)
end

local function state_of(step)
  local state, attempt = string.match(redis.call('HGET', steps, step) or '', '^(%a+) (%d+)$')
  return state, tonumber(attempt or '0')
end

local function finish(status, reason, message)
  raise('closed')
  redis.call('HSET', job, 'status', status, 'ended', now, 'error_reason', reason, 'error_message', message)
  redis.call('DEL', leases)
  drop_pending()
  append(cjson.encode({
    type = 'job_finished', status = status, error_reason = reason, error_message = message,
    degraded_segments = count('degraded_segments'), cached_steps = count('cached'), made_steps = count('made'),
    cpu_saved = count('cpu_saved'), cpu_spent = count('cpu_spent'), warnings = redis.call('LLEN', warnings)}))
end

if fact == 'create' then
  if redis.call('EXISTS', job) == 1 then return {'exists'} end
  local owner, request, body, trace_id = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  redis.call('HSET', job, 'owner', owner, 'request', request, 'trace_id', trace_id, 'status', 'pending', 'created', now)
  append(body)
  make_pending('script', 0)
  return {'created'}
end

local status = field('status')
if status == '' then return {'absent'} end

if fact == 'cancel' then
  if count('closed') == 0 and status ~= 'cancelling' then
    redis.call('HSET', job, 'status', 'cancelling')
    drop_pending()
    append('{"type":"cancel_requested"}')
  end
  return {'ok'}
end

if count('closed') > 0 then return {'closed'} end

if fact == 'finish' then
  if status == 'cancelling' and ARGV[2] ~= 'cancelled' then return {'closed'} end
  finish(ARGV[2], ARGV[3], ARGV[4])
  return {'ok'}
end

if status == 'cancelling' then return {'closed'} end

if fact == 'overdue' then  -- leases that ran out: their steps are pending again
  local overdue = redis.call('ZRANGEBYSCORE', leases, '-inf', now)
  for _, step in ipairs(overdue) do
    local _, attempt = state_of(step)
    make_pending(step, attempt)
  end
  return {'ok', #overdue}
end

local step = ARGV[2]
local state, attempt = state_of(step)

if fact == 'claim' then
  local lease = tonumber(ARGV[3])
  if state == nil or state == 'done' then return {'done'} end
  if state == 'running' and tonumber(redis.call('ZSCORE', leases, step) or '0') > now then return {'taken'} end
  if status == 'pending' then redis.call('HSET', job, 'status', 'running', 'started', now) end
  redis.call('ZREM', (queue_of(step)), step)
  redis.call('HSET', steps, step, 'running ' .. attempt + 1)
  redis.call('ZADD', leases, now + lease, step)
  return {'claimed', attempt + 1, redis.call('HGETALL', job), redis.call('LRANGE', warnings, 0, -1), now}
end

-- From here on the caller must hold the step.
if state ~= 'running' or attempt ~= tonumber(ARGV[3]) then return {'lost'} end

if fact == 'renew' then
  redis.call('ZADD', leases, now + tonumber(ARGV[4]), step)
  return {'ok'}
end

if fact == 'hand_back' then  -- free: the attempt does not count
  make_pending(step, attempt - 1)
  return {'ok'}
end

if fact == 'retry' then
  local wait, body = tonumber(ARGV[4]), ARGV[5]
  redis.call('HSET', steps, step, 'waiting ' .. attempt)
  redis.call('ZADD', leases, now + wait, step)
  append(body)
  return {'ok'}
end

if fact == 'fail' then  -- for good: nothing stands in for the step, so its job ends
  finish('failed', ARGV[4], ARGV[5])
  return {'ok'}
end

if fact == 'done' then
  local outcome = cjson.decode(ARGV[4])  -- as outcome_json writes it
  redis.call('HSET', steps, step, 'done ' .. attempt)
  redis.call('ZREM', leases, step)
  redis.call('HSET', results, step, outcome.result)
  for name, file in pairs(outcome.artifacts) do redis.call('HSET', artifacts, name, file) end
  for _, warning in ipairs(outcome.warnings) do redis.call('RPUSH', warnings, warning) end
  if outcome.cached or outcome.made then
    raise(outcome.cached and 'cached' or 'made')
    redis.call('HINCRBYFLOAT', job, outcome.cached and 'cpu_saved' or 'cpu_spent', outcome.cpu)
  end

  local kind, segment = string.match(step, '^(%a+):?(%d*)$')
  if kind == 'script' then
    redis.call('HSET', job, 'segments', outcome.segments)
    append(outcome.body)
    for index = 0, outcome.segments - 1 do
      make_pending('speech:' .. index, 0)
      make_pending('visual:' .. index, 0)
    end
  elseif kind == 'speech' or kind == 'visual' then
    raise(kind == 'speech' and 'audio' or 'visual')
    append(outcome.body)
  elseif kind == 'render' then
    if raise('rendered') == count('segments') then make_pending('compose', 0) end
    append(outcome.body)
  elseif kind == 'compose' then
    raise('composed')
    redis.call('HSET', job, 'film_seconds', outcome.film_seconds)
    append(outcome.body)
  end

  if outcome.degraded ~= '' then
    if redis.call('HSETNX', job, 'degraded:' .. segment, 1) == 1 then raise('degraded_segments') end
    append(outcome.degraded)
    if outcome.strict then
      finish('failed', 'DEGRADED', 'strict was asked for, and segment ' .. segment .. ' is degraded: ' .. outcome.degraded_message)
      return {'ok'}
    end
  end

  if kind == 'speech' or kind == 'visual' then
    local other = (kind == 'speech' and 'visual:' or 'speech:') .. segment
    if state_of(other) == 'done' then
      make_pending('render:' .. segment, 0)
      append('{"type":"segment_render_ready","segment":' .. segment .. '}')
    end
  elseif kind == 'compose' then
    finish('succeeded', '', '')
  end
  return {'ok'}
end

return redis.error_reply('unknown fact ' .. fact)
