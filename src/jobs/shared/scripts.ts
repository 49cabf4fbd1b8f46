import { script, type Script } from '#src/shared/script'

/**
 * The common part of all scripts. KEYS[1] is the base of all names: the keys of one job begin with `BASE:ID`, and keys for
 * several jobs begin with `BASE-`. All keys have the fleet's hash tag, so they are in the same slot of a cluster.
 *
 * - `BASE:ID`: a hash of the job's fields. Its `token` grows with each owner, and older tokens are refused (a fencing token).
 * - `BASE:ID:plan`: a list of the parts of its plan.
 * - `BASE:ID:items`: a hash of the items, by index: `b` if the item was begun, `d` if it has a result.
 * - `BASE:ID:results`: a list of the results, in the order in which they became final.
 * - `BASE-leases`: a sorted set of the running jobs, by the time at which the owner's lease expires.
 * - `BASE-key:NAME`: the job of an `Idempotency-Key`.
 * - `BASE-ended`: a sorted set of the ended jobs, by the time of their end. `BASE-of:CALLER`: the caller's ended jobs, in the
 *   same order. `BASE-sizes`: their sizes. `BASE-held`: the sum of the sizes for each caller. `BASE-all`: the sum of all sizes.
 */
const prelude = `
local base = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local parts = { '', ':plan', ':items', ':results' }

local function of(id, part) return base .. ':' .. id .. (part or '') end

-- Returns 0 if the job has ended, is gone, or has another owner; 2 if it is to be cancelled; 1 otherwise.
local function owned(id, token)
  local found = redis.call('HMGET', of(id), 'token', 'endedAt', 'cancelled')
  if found[1] ~= token or found[2] then return 0 end
  return found[3] and 2 or 1
end

local function lend(id, lease) redis.call('ZADD', base .. '-leases', now + lease, id) end

local function keep(id, lifetime)
  for _, part in ipairs(parts) do redis.call('PEXPIRE', of(id, part), lifetime) end
  local key = redis.call('HGET', of(id), 'key')
  if key and key ~= '' then redis.call('PEXPIRE', base .. '-key:' .. key, lifetime) end
end

local function remove(caller, id)
  local size = tonumber(redis.call('HGET', base .. '-sizes', id) or 0)
  local key = redis.call('HGET', of(id), 'key')
  if key and key ~= '' and redis.call('GET', base .. '-key:' .. key) == id then redis.call('DEL', base .. '-key:' .. key) end
  for _, part in ipairs(parts) do redis.call('DEL', of(id, part)) end
  redis.call('ZREM', base .. '-ended', caller .. ' ' .. id)
  redis.call('LREM', base .. '-of:' .. caller, 1, id)
  redis.call('HDEL', base .. '-sizes', id)
  redis.call('DECRBY', base .. '-all', size)
  if redis.call('HINCRBY', base .. '-held', caller, -size) <= 0 then redis.call('HDEL', base .. '-held', caller) end
end
`

const within = (text: string): Script => script(prelude + text)

/** Adds a part to a plan. ARGV: ID, the part, lifetime */
export const addPart = within(`
redis.call('RPUSH', of(ARGV[1], ':plan'), ARGV[2])
redis.call('PEXPIRE', of(ARGV[1], ':plan'), ARGV[3])
return 1
`)

/**
 * Registers a job, or finds the reusable job of an earlier request with the same key. If that job's lease has expired, this
 * replica becomes its owner. A request with another fingerprint is refused.
 *
 * ARGV: ID, caller, key or an empty string, fingerprint or an empty string, description of the job, owner, lease, lifetime
 * Returns the ID of the job, and its token if this replica is the owner. Otherwise, instead of the token: -1 if the fingerprint
 * differs, or else 0
 */
export const start = within(`
local id, caller, key, fingerprint, about, owner, lease, lifetime = unpack(ARGV)
local other = key ~= '' and redis.call('GET', base .. '-key:' .. key)
if other then
  local found = redis.call('HMGET', of(other), 'token', 'endedAt', 'complete', 'fingerprint')
  if found[1] and (not found[2] or found[3] == '1') then
    if found[4] ~= fingerprint then return { other, -1 } end
    local expires = tonumber(redis.call('ZSCORE', base .. '-leases', other) or now)
    if found[2] or expires > now then return { other, 0 } end
    redis.call('HSET', of(other), 'owner', owner)
    lend(other, lease)
    return { other, redis.call('HINCRBY', of(other), 'token', 1) }
  end
end
redis.call('HSET', of(id), 'caller', caller, 'key', key, 'fingerprint', fingerprint, 'about', about, 'owner', owner,
  'token', 1, 'done', 0, 'revision', 0)
if key ~= '' then redis.call('SET', base .. '-key:' .. key, id) end
keep(id, lifetime)
lend(id, lease)
return { id, 1 }
`)

/**
 * Checks whether a replica may begin an item, and marks the item as begun.
 *
 * ARGV: ID, token, lease, index
 * Returns 0 if the replica does not own the job; 1 if it may begin the item; 2 if the job is to be cancelled; 3 if the item has a
 *   result
 */
export const claim = within(`
local id, token, lease, index = unpack(ARGV)
local state = owned(id, token)
if state == 0 then return 0 end
lend(id, lease)
if redis.call('HGET', of(id, ':items'), index) == 'd' then return 3 end
if state == 1 then redis.call('HSET', of(id, ':items'), index, 'b') end
return state
`)

/**
 * Extends the lease of a job's owner, and stores the number of processed items.
 *
 * ARGV: ID, token, lease, lifetime, done
 * Returns 0 if the replica does not own the job; 2 if the job is to be cancelled; 1 otherwise
 */
export const renew = within(`
local id, token, lease, lifetime, done = unpack(ARGV)
local state = owned(id, token)
if state == 0 then return 0 end
lend(id, lease)
keep(id, lifetime)
if tonumber(done) > tonumber(redis.call('HGET', of(id), 'done')) then
  redis.call('HSET', of(id), 'done', done)
  redis.call('HINCRBY', of(id), 'revision', 1)
end
return state
`)

/**
 * Stores results. An item that already has a result keeps it.
 *
 * ARGV: ID, token, lease, and for each result: index, the name of its count, the result
 * Returns 0 if the replica does not own the job; 2 if the job is to be cancelled; 1 otherwise
 */
export const settle = within(`
local id, token, lease = ARGV[1], ARGV[2], ARGV[3]
local state = owned(id, token)
if state == 0 then return 0 end
lend(id, lease)
for at = 4, #ARGV, 3 do
  if redis.call('HGET', of(id, ':items'), ARGV[at]) ~= 'd' then
    redis.call('HSET', of(id, ':items'), ARGV[at], 'd')
    redis.call('HINCRBY', of(id), 'count:' .. ARGV[at + 1], 1)
    redis.call('RPUSH', of(id, ':results'), ARGV[at + 2])
  end
end
local done = math.max(tonumber(redis.call('HGET', of(id), 'done')), redis.call('LLEN', of(id, ':results')))
redis.call('HSET', of(id), 'done', done)
redis.call('HINCRBY', of(id), 'revision', 1)
return state
`)

/**
 * Ends a job. If there is no room for another ended job, removes the oldest jobs of the callers whose jobs take the most room.
 *
 * ARGV: ID, token, the encrypted end, 1 if the job was completed or else 0, the time for which it is kept, the maximum size of
 *   all ended jobs together, the size of this job
 * Returns 0 if the replica does not own the job, and 1 otherwise
 */
export const finish = within(`
local id, token, ending, complete, kept, limit, size = unpack(ARGV)
if owned(id, token) == 0 then
  -- This may be a repeated command, because the reply to the first one was lost.
  return redis.call('HGET', of(id), 'token') == token and 1 or 0
end
redis.call('HSET', of(id), 'endedAt', now, 'ending', ending, 'complete', complete)
redis.call('HINCRBY', of(id), 'revision', 1)
redis.call('ZREM', base .. '-leases', id)
redis.call('DEL', of(id, ':plan'), of(id, ':items'))
keep(id, kept)
local caller = redis.call('HGET', of(id), 'caller')

for _, member in ipairs(redis.call('ZRANGEBYSCORE', base .. '-ended', '-inf', now - kept)) do
  remove(string.match(member, '^(.*) (.*)$'))
end
while tonumber(redis.call('GET', base .. '-all') or 0) + size > tonumber(limit) do
  local held = redis.call('HGETALL', base .. '-held')
  local most, greatest = nil, -1
  for at = 1, #held, 2 do
    local bytes = held[at + 1] + (held[at] == caller and size or 0)
    if bytes > greatest then most, greatest = held[at], bytes end
  end
  local oldest = most and redis.call('LINDEX', base .. '-of:' .. most, 0)
  if not oldest then break end
  remove(most, oldest)
end
redis.call('ZADD', base .. '-ended', now, caller .. ' ' .. id)
redis.call('RPUSH', base .. '-of:' .. caller, id)
redis.call('HSET', base .. '-sizes', id, size)
redis.call('HINCRBY', base .. '-held', caller, size)
redis.call('INCRBY', base .. '-all', size)
return 1
`)

/** Ends the lease of a job's owner, so that another replica can continue the job at once. ARGV: ID, token */
export const release = within(`
if owned(ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('ZADD', base .. '-leases', 0, ARGV[1])
return 1
`)

/**
 * Makes this replica the owner of a job whose lease has expired.
 *
 * ARGV: owner, lease
 * Returns the job's ID and its new token, or nothing
 */
export const takeOver = within(`
for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. '-leases', '-inf', now, 'LIMIT', 0, 16)) do
  if redis.call('EXISTS', of(id)) == 1 then
    redis.call('HSET', of(id), 'owner', ARGV[1])
    lend(id, ARGV[2])
    return { id, redis.call('HINCRBY', of(id), 'token', 1) }
  end
  redis.call('ZREM', base .. '-leases', id)
end
return {}
`)

/** Returns the fields of a caller's job. ARGV: ID, caller */
export const read = within(`
if redis.call('HGET', of(ARGV[1]), 'caller') ~= ARGV[2] then return {} end
return redis.call('HGETALL', of(ARGV[1]))
`)

/** Returns the description of a job, and the marks of its items. ARGV: ID */
export const progress = within(`
return { redis.call('HGET', of(ARGV[1]), 'about') or '', redis.call('HGETALL', of(ARGV[1], ':items')) }
`)

/** Cancels a caller's job, unless it has ended. ARGV: ID, caller */
export const cancel = within(`
local found = redis.call('HMGET', of(ARGV[1]), 'caller', 'endedAt', 'cancelled')
if found[1] ~= ARGV[2] or found[2] or found[3] then return 0 end
redis.call('HSET', of(ARGV[1]), 'cancelled', 1)
redis.call('HINCRBY', of(ARGV[1]), 'revision', 1)
return 1
`)
