/** Jobs that one step changes of a kind, at most: Redis does nothing else meanwhile, for some milliseconds. */
const STEP = 200;

/** A job whose end is still to be told is kept for so long, and looked at again then, ms. */
const UNTOLD_MS = 3_600_000;
/** But no longer than this, from its end: nobody may be there to tell. */
const UNTOLD_MOST_MS = 30 * 86_400_000;

/** Deadlines, ends of what is kept, and what was to begin by now. Argument: now. Answers `1` when that was all there is. */
export const SWEEPING_SCRIPT = `
local function endRecord(id)
	local key = call('HGET', P .. 'j:' .. id, 'i')
	if not key then return end
	local f = call('HMGET', P .. 'i:' .. key, 'i', 'u')
	if f[1] ~= id then return end
	-- Kept a little longer than it holds: by the clock of Redis.
	call('PEXPIREAT', P .. 'i:' .. key, string.format('%.0f', math.max(tonumber(f[2]), tonumber(ARGV[3])) + 60000))
end

local function drop(id, row)
	if row then
		release(row)
		leave(row)
		takeBack(row)
		row.group.kept = row.group.kept - 1
		dropFile(row.F)
		dropFile(row.R)
	end
	endRecord(id)
	call('ZREM', P .. 'dr', id)
	call('ZREM', P .. 'all', id)
	call('UNLINK', P .. 'j:' .. id, P .. 'b:' .. id, P .. 'r:' .. id)
end

local now = ARGV[3]
local overdue = call('ZRANGEBYSCORE', P .. 'dl', '-inf', now, 'LIMIT', 0, ${STEP})
for _, id in ipairs(overdue) do
	local row = rowOf(id)
	if row and row.state < SUCCEEDED then
		giveBackUnsent(row)
		finish(row, EXPIRED, now)
		save(row)
	else call('ZREM', P .. 'dl', id) end
end
local past = call('ZRANGEBYSCORE', P .. 'dr', '-inf', now, 'LIMIT', 0, ${STEP})
for _, id in ipairs(past) do
	local row = rowOf(id)
	local untold = row and row.y and row.e and tonumber(row.e) > tonumber(now) - ${UNTOLD_MOST_MS} and call('ZSCORE', P .. 'nd', id)
	if untold then call('ZADD', P .. 'dr', num(tonumber(now) + ${UNTOLD_MS}), id)
	else drop(id, row) end
end
local all = #overdue < ${STEP} and #past < ${STEP}
for _, name in ipairs(call('SMEMBERS', P .. 'qs')) do all = promote(queueOf(name), now, ${STEP}) and all end
return done(all and 1 or 0)
`;

/** Files that nothing names. Arguments: how many are to be forgotten, those; then what lies in the folder. */
export const FILES_SCRIPT = `
local forgotten = tonumber(ARGV[3])
for at = 4, 3 + forgotten do call('SREM', P .. 'dropped', ARGV[at]) end
local dropped = call('SRANDMEMBER', P .. 'dropped', 10000)
local orphans = {}
for at = 4 + forgotten, #ARGV do
	if call('SISMEMBER', P .. 'named', ARGV[at]) == 0 then orphans[#orphans + 1] = ARGV[at] end
end
return done({ dropped, orphans })
`;
