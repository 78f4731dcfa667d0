import { GONE_MOST } from '../receiver-store.ts';

/** An answer does not grow over this but by one job, bytes. */
const ANSWER_BYTES = 8_388_608;
/** More are counted as so many. */
const COUNTED_MOST = 100_000;

/**
 * Ends that are to be told now: lanes by their first, of each the oldest. Arguments: holder, end of the lease, most, now,
 * most of a lane, how many holders are gone, those; then lanes and what the caller has in hand of them. Answers
 * whether it stopped for its size (`1`), and of each the version, tries before, the job and its lane.
 */
export const DUE_SCRIPT = `
local holder, leaseEnd, most, now, laneMost = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local gone = tonumber(ARGV[8])
for at = 9, 8 + gone do
	local key = P .. 'nh:' .. ARGV[at]
	for _, id in ipairs(call('SMEMBERS', key)) do
		-- One whose job is gone must not come back.
		local f = call('HMGET', P .. 'j:' .. id, 'yh', 'y')
		if f[1] == ARGV[at] and f[2] and call('ZSCORE', P .. 'nd', id) then noticeAt(id, f[2], now) end
	end
	call('DEL', key)
end
local busy, lanesBusy = {}, 0
for at = 9 + gone, #ARGV, 2 do
	busy[ARGV[at]] = tonumber(ARGV[at + 1])
	lanesBusy = lanesBusy + 1
end

local due, bytes, more = {}, 0, 0
local function take(id, lane)
	local row = rowOf(id)
	if not row then return false end
	local f = call('HMGET', P .. 'j:' .. id, 'yv', 'ya', 'yh')
	if f[3] and f[3] ~= holder then call('SREM', P .. 'nh:' .. f[3], id) end
	call('HSET', P .. 'j:' .. id, 'yh', holder)
	call('SADD', P .. 'nh:' .. holder, id)
	noticeAt(id, row.y, leaseEnd)
	local job = whole(row)
	bytes = bytes + #(job[#FIELDS + 2] or '') + #(job[#FIELDS + 3] or '')
	due[#due + 1] = { f[1], f[2], job, lane }
	return true
end

for _, lane in ipairs(call('ZRANGEBYSCORE', P .. 'nls', '-inf', now, 'LIMIT', 0, most + lanesBusy)) do
	local room = math.min(laneMost - (busy[lane] or 0), most - #due)
	if room > 0 then
		for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'nd:' .. lane, '-inf', now, 'LIMIT', 0, room)) do
			if bytes > ${ANSWER_BYTES} then more = 1 break end
			if not take(id, lane) then noticeAt(id, '=' .. lane, nil) end
		end
	end
end
return done({ more, due })
`;

/** Arguments of one that is settled: id, version, holder, time of the next try ('': none) and tries before it. */
export const SETTLED_ARGUMENTS = 5;

/** What became of tries; nothing changes of a notice that is another's, or of another end. */
export const SETTLING_SCRIPT = `
for at = 3, #ARGV, ${SETTLED_ARGUMENTS} do
	local id, version, holder, nextAt, attempts = unpack(ARGV, at, at + ${SETTLED_ARGUMENTS - 1})
	local key = P .. 'j:' .. id
	local f = call('HMGET', key, 'yv', 'yh', 'e', 'k', 'y')
	if f[1] == version and f[2] == holder then
		call('SREM', P .. 'nh:' .. holder, id)
		call('HDEL', key, 'yh')
		if nextAt ~= '' then
			call('HSET', key, 'ya', attempts)
			noticeAt(id, f[5], nextAt)
		else
			call('HDEL', key, 'yv', 'ya')
			noticeAt(id, f[5], nil)
			-- It may have been kept for longer, to be told.
			if f[3] then call('ZADD', P .. 'dr', 'XX', num(tonumber(f[3]) + tonumber(f[4])), id) end
		end
	end
end
return done(1)
`;

/** How many ends are still to be told. */
export const UNTOLD_SCRIPT = `
return done(math.min(call('ZCARD', P .. 'nd'), ${COUNTED_MOST}))
`;

/** Receivers that are called no more. Arguments: how many at most, newest first; or 0 and keys: which of them. */
export const GONE_SCRIPT = `
local most = tonumber(ARGV[3])
local keys = {}
for at = 4, #ARGV do keys[#keys + 1] = ARGV[at] end
if most > 0 then keys = call('ZREVRANGE', P .. 'gs', 0, most - 1) end
local found = {}
for _, key in ipairs(keys) do
	local host = call('HGET', P .. 'gone', key)
	if host then found[#found + 1] = { key, host, call('ZSCORE', P .. 'gs', key) } end
end
return done(found)
`;

/** Changes them. Arguments: `add`, key, host, since; or `remove` and keys. Answers how many were changed. */
export const GONE_CHANGING_SCRIPT = `
local count = 0
if ARGV[3] == 'add' then
	if call('HSETNX', P .. 'gone', ARGV[4], ARGV[5]) == 1 then
		call('ZADD', P .. 'gs', ARGV[6], ARGV[4])
		for _, key in ipairs(call('ZRANGE', P .. 'gs', 0, -${GONE_MOST + 1})) do
			call('HDEL', P .. 'gone', key)
			call('ZREM', P .. 'gs', key)
		end
		count = 1
	end
else
	for at = 4, #ARGV do
		count = count + call('HDEL', P .. 'gone', ARGV[at])
		call('ZREM', P .. 'gs', ARGV[at])
	end
end
return done(count)
`;

/** Whose a job is. Argument: its id. */
export const OWNER_SCRIPT = `return done(call('HGET', P .. 'j:' .. ARGV[3], 'o'))`;

/** The store's own secret. */
export const SECRET_SCRIPT = `return done(call('GET', P .. 'secret'))`;

/** Arguments: the new one, and the one that it takes the place of ('': none). Answers whether it did. */
export const SECRET_SETTING_SCRIPT = `
local ours = (call('GET', P .. 'secret') or '') == ARGV[4]
if ours then call('SET', P .. 'secret', ARGV[3]) end
return done(ours and 1 or 0)
`;
