-- Gives back what a call held and notes what its answer told. Answers the owners whose circuit opened by it.

local lessons = {}
for _, lesson in ipairs(call.lessons) do
    lessons[lesson.owner .. lesson.name .. lesson.kind] = lesson
end

for _, bucket in ipairs(call.buckets) do
    local owner, name = owners[bucket.owner], bucket.name .. ':'
    if bucket.kind ~= 'told' then
        put(owner, name .. 'pending', math.max(0, (owner.at[name .. 'pending'] or 0) - bucket.cost))
    end
    local told = lessons[bucket.owner .. bucket.name .. 'left']
    if bucket.kind == 'calls' and call.sent and not told and owner.at[name .. 'left'] then
        put(owner, name .. 'left', math.max(0, owner.at[name .. 'left'] - bucket.cost))
    end
    if bucket.kind == 'usage' and call.sent then
        put(owner, name .. 'calls', (owner.at[name .. 'calls'] or 0) + 1)
    end
    if bucket.kind == 'usage' and call.sent and not call.failed and not owner.at[name .. 'told_at']
        and not lessons[bucket.owner .. bucket.name .. 'used'] then
        -- These headers only come once use is worth a mention.
        put(owner, name .. 'told_at', now)
        put(owner, name .. 'percent', 0)
    end
    if call.sent then
        drop(owner, name .. 'early')
    end
end

local function learn_left(owner, name, lesson)
    local at = owner.at
    put(owner, name .. 'limit', lesson.limit)
    if lesson.sliding then
        put(owner, name .. 'known', 1)
        if lesson.left == 0 then
            put(owner, name .. 'blocked', lesson.reset)
        end
        return
    end
    local reset, known = at[name .. 'reset'] or 0, (at[name .. 'known'] or 0) == 1
    if known and reset > now and lesson.reset < reset - 2000 then
        -- An answer from the window before, come late.
        return
    end
    if known and math.abs(reset - lesson.reset) <= 2000 then
        put(owner, name .. 'left', math.min(at[name .. 'left'] or lesson.left, lesson.left))
    else
        put(owner, name .. 'left', lesson.left)
    end
    put(owner, name .. 'reset', lesson.reset)
    put(owner, name .. 'known', 1)
end

local function learn_used(owner, name, lesson)
    local at = owner.at
    local base, calls, cost = at[name .. 'percent'], at[name .. 'calls'] or 0, at[name .. 'cost']
    local percent = lesson.percent
    if base and now - (at[name .. 'told_at'] or 0) < lesson.span and percent > base then
        local seen = (percent - base) / math.max(1, calls)
        -- The first rise began somewhere within a percent, so it is only a bound.
        put(owner, name .. 'cost', cost and (3 * cost + seen) / 4 or math.min(seen, COST))
        put(owner, name .. 'calls', 0)
    elseif base and percent == base then
        if cost and calls > 0 and 1 / calls < cost then
            put(owner, name .. 'cost', 1 / calls)
        end
    else
        put(owner, name .. 'calls', 0)
    end
    put(owner, name .. 'percent', percent)
    put(owner, name .. 'told_at', now)
end

for _, lesson in ipairs(call.lessons) do
    local owner, name = owners[lesson.owner], lesson.name .. ':'
    if lesson.kind == 'left' then
        learn_left(owner, name, lesson)
    elseif lesson.kind == 'used' then
        learn_used(owner, name, lesson)
    elseif lesson['until'] > (owner.at[name .. 'blocked'] or 0) then
        put(owner, name .. 'blocked', lesson['until'])
    end
end

-- A circuit opens for 30 s, and for twice as long each time that the call which tries again fails, up to 10 minutes.
local OPEN, OPEN_MOST = 30000, 600000
local opened = {}

local function member(i)
    return call.platform .. ':' .. (i == 1 and call.account or '')
end

local function open(i, times)
    local owner, till = owners[i], now + math.min(OPEN_MOST, OPEN * 2 ^ (times - 1))
    put(owner, 'circuit:opened', times)
    put(owner, 'circuit:until', till)
    put(owner, 'circuit:waiting', 0)
    drop(owner, 'circuit:probe')
    redis.call('ZADD', KEYS[3], string.format('%.0f', till), member(i))
    redis.call('PEXPIRE', KEYS[3], call.keep)
    opened[#opened + 1] = i == 2 and 'platform' or 'account'
end

local function too_many(i, fails)
    if i == 1 then
        return fails >= 10
    end
    return fails >= 40 or fails >= 20 and (owners[2].at['circuit:accounts'] or 0) >= 3
end

for i = 1, 2 do
    local owner = owners[i]
    local at = owner.at
    if call.failed then
        local times, fails = at['circuit:opened'] or 0, (at['circuit:fails'] or 0) + 1
        put(owner, 'circuit:fails', fails)
        if i == 2 and not at['circuit:by:' .. call.account] then
            put(owner, 'circuit:by:' .. call.account, 1)
            put(owner, 'circuit:accounts', (at['circuit:accounts'] or 0) + 1)
        end
        if times > 0 then
            -- Calls that were under way when it opened tell nothing new.
            if (at['circuit:until'] or 0) <= now then
                open(i, times + 1)
            end
        elseif too_many(i, fails) then
            open(i, 1)
        end
    elseif call.sent and at['circuit:fails'] then
        local fields = {}
        for field in pairs(at) do
            if string.sub(field, 1, 8) == 'circuit:' then
                fields[#fields + 1] = field
            end
        end
        redis.call('HDEL', owner.key, unpack(fields))
        redis.call('ZREM', KEYS[3], member(i))
    end
end
redis.call('PEXPIRE', KEYS[1], call.keep)
redis.call('PEXPIRE', KEYS[2], call.keep)
return opened
