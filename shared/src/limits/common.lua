-- Shared by both scripts: the state of an account (owner 1) and of the whole app (owner 2), each in one hash, all read at once.
-- KEYS: the account's hash, the app's hash, the set of open circuits, then one sorted set for each sliding limit.
-- ARGV: the present time in milliseconds by the caller's clock, then the call as JSON.

local now = tonumber(ARGV[1])
local call = cjson.decode(ARGV[2])

local function load(key)
    local flat, fields = redis.call('HGETALL', key), {}
    for i = 1, #flat, 2 do
        fields[flat[i]] = tonumber(flat[i + 1])
    end
    return { key = key, at = fields }
end

local owners = { load(KEYS[1]), load(KEYS[2]) }

local function put(owner, field, value)
    owner.at[field] = value
    redis.call('HSET', owner.key, field, string.format('%.17g', value))
end

local function drop(owner, field)
    if owner.at[field] then
        owner.at[field] = nil
        redis.call('HDEL', owner.key, field)
    end
end

-- The least time between two calls at a percentage of use, in milliseconds: what is left has to last for the whole span over
-- which use decays. `cost` is what one call was seen to use, in percent.
local function gap(percent, cost, span)
    if percent < 75 then
        return 0
    end
    local even = span * cost / math.max(1, 100 - percent)
    if percent >= 100 then
        even = math.max(even, 300000)
    elseif percent >= 95 then
        even = math.max(even, 60000)
    end
    return math.min(even, 3600000)
end

-- What one call is taken to use before that was seen: a pool of 2,000 calls.
local COST = 0.05
