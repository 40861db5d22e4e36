-- Asks for one call. Answers {'pass'}, {'limit', name, until} or {'circuit', owner, until}; only a pass takes anything.

-- How long others wait while one call tries whether a platform answers again, and how long that call may take.
local PROBE_WAIT, PROBE_TIME = 5000, 60000
-- How long calls wait for the first answer after Redis lost its state.
local EARLY_WAIT = 1000
-- Use may decay at once: however long the queue, everybody looks again within this time.
local HORIZON = 3600000

local function text(number)
    return string.format('%.0f', number)
end

-- Counts those who wait, so that each returns a little after the one before.
local function turn(owner, field)
    local turn = owner.at[field] or 0
    put(owner, field, turn + 1)
    return turn
end

for i = 2, 1, -1 do
    local owner = owners[i]
    if (owner.at['circuit:opened'] or 0) > 0 then
        local till = owner.at['circuit:until'] or 0
        if till <= now and (owner.at['circuit:probe'] or 0) > now then
            till = now + PROBE_WAIT
        end
        if till > now then
            return { 'circuit', i == 2 and 'platform' or 'account', text(till + turn(owner, 'circuit:waiting') % 100 * 100) }
        end
    end
end

-- After Redis lost its state, only so much may be under way until an answer tells more.
local function early(owner, name, pending, most)
    if pending < most then
        return nil
    end
    return now + EARLY_WAIT + turn(owner, name .. 'early') % 200 * 50
end

local function check_calls(owner, bucket)
    local at, name = owner.at, bucket.name .. ':'
    local limit = at[name .. 'limit'] or bucket.most
    if (at[name .. 'reset'] or 0) <= now then
        if at[name .. 'reset'] then
            -- All of this window is counted here.
            put(owner, name .. 'known', 1)
            local passed = math.floor((now - at[name .. 'reset']) / bucket.span) + 1
            put(owner, name .. 'waiting', math.max(0, (at[name .. 'waiting'] or 0) - limit * passed))
        end
        put(owner, name .. 'reset', bucket.reset)
        put(owner, name .. 'left', limit)
        put(owner, name .. 'pending', 0)
    end
    local pending = at[name .. 'pending'] or 0
    if at[name .. 'left'] - pending < bucket.cost then
        local turn = turn(owner, name .. 'waiting')
        return at[name .. 'reset'] + math.floor(turn / math.max(1, limit)) * bucket.span + turn % math.max(1, limit) * 50
    end
    if (at[name .. 'known'] or 0) == 0 then
        return early(owner, name, pending, math.max(1, math.floor(limit / 4)))
    end
end

local function check_sliding(owner, bucket)
    local at, name, log = owner.at, bucket.name .. ':', KEYS[bucket.log]
    -- A smaller number that was told counts calls of others, and not those that were refused: it shows in what is left.
    local limit = math.max(at[name .. 'limit'] or 0, bucket.most)
    redis.call('ZREMRANGEBYSCORE', log, '-inf', text(now - bucket.span))
    local used = redis.call('ZCARD', log)
    if not at[name .. 'since'] then
        put(owner, name .. 'since', now)
    end
    if used == 0 then
        put(owner, name .. 'waiting', 0)
    end
    if used == 0 and bucket.cost > limit then
        return now + bucket.span
    elseif used + bucket.cost > limit then
        local turn = turn(owner, name .. 'waiting')
        local oldest = redis.call('ZRANGE', log, turn % used, turn % used, 'WITHSCORES')
        return tonumber(oldest[2]) + bucket.span + math.floor(turn / math.max(1, limit)) * bucket.span + turn % 200 * 10
    end
    if now - at[name .. 'since'] < bucket.span and (at[name .. 'known'] or 0) == 0 then
        return early(owner, name, at[name .. 'pending'] or 0, math.max(1, math.floor(limit / 4)))
    end
end

local function check_usage(owner, bucket)
    local at, name = owner.at, bucket.name .. ':'
    local told_at = at[name .. 'told_at']
    if not told_at or now - told_at >= bucket.span then
        return early(owner, name, at[name .. 'pending'] or 0, 20)
    end
    -- Calls under way are going to be seen in the percentage.
    local cost = at[name .. 'cost'] or COST
    local gap = gap((at[name .. 'percent'] or 0) + (at[name .. 'pending'] or 0) * cost, cost, bucket.span)
    local last = at[name .. 'last'] or 0
    -- A little early is good enough: the gap may have grown since somebody was told when to come.
    if last + gap * 0.8 > now then
        local tail = math.max(at[name .. 'tail'] or 0, last, now - gap) + gap
        if tail > now + HORIZON then
            return now + HORIZON / 2 + turn(owner, name .. 'behind') * 997 % (HORIZON / 2)
        end
        put(owner, name .. 'tail', tail)
        return tail
    end
end

local checks = { calls = check_calls, sliding = check_sliding, usage = check_usage }

for _, bucket in ipairs(call.buckets) do
    local owner, name = owners[bucket.owner], bucket.name .. ':'
    local blocked = owner.at[name .. 'blocked']
    if blocked and blocked > now then
        return { 'limit', bucket.name, text(blocked + turn(owner, name .. 'behind') * 50) }
    elseif blocked then
        drop(owner, name .. 'blocked')
        drop(owner, name .. 'behind')
        -- Whoever told of the wait told the percentage before it.
        drop(owner, name .. 'told_at')
    end
    local till = checks[bucket.kind] and checks[bucket.kind](owner, bucket)
    if till then
        return { 'limit', bucket.name, text(till) }
    end
end

for i = 1, 2 do
    if (owners[i].at['circuit:opened'] or 0) > 0 then
        put(owners[i], 'circuit:probe', now + PROBE_TIME)
    end
end
for _, bucket in ipairs(call.buckets) do
    local owner, name = owners[bucket.owner], bucket.name .. ':'
    if bucket.kind ~= 'told' then
        put(owner, name .. 'pending', (owner.at[name .. 'pending'] or 0) + bucket.cost)
    end
    if bucket.kind == 'sliding' then
        put(owner, name .. 'waiting', math.max(0, (owner.at[name .. 'waiting'] or 0) - 1))
        for _ = 1, bucket.cost do
            local number = (owner.at[name .. 'number'] or 0) + 1
            put(owner, name .. 'number', number)
            redis.call('ZADD', KEYS[bucket.log], text(now), text(number))
        end
        redis.call('PEXPIRE', KEYS[bucket.log], bucket.span * 2)
    elseif bucket.kind == 'usage' then
        put(owner, name .. 'last', now)
    end
end
redis.call('PEXPIRE', KEYS[1], call.keep)
redis.call('PEXPIRE', KEYS[2], call.keep)
return { 'pass' }
