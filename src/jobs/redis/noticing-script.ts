/** An answer does not grow over this but by one job, bytes. */
const ANSWER_BYTES = 8_388_608;
/** More are counted as so many. */
const COUNTED_MOST = 100_000;

/**
 * Ends that are to be told now, oldest first. Arguments: holder, end of the lease, most, now, then the holders that are
 * gone. Answers whether it stopped for its size (`1`), and of each the version, tries before and the job.
 */
export const DUE_SCRIPT = `
local holder, leaseEnd, most, now = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
for at = 7, #ARGV do
	local key = P .. 'nh:' .. ARGV[at]
	for _, id in ipairs(call('SMEMBERS', key)) do
		-- Without 'XX' one whose job is gone would come back.
		if call('HGET', P .. 'j:' .. id, 'yh') == ARGV[at] then call('ZADD', P .. 'nd', 'XX', now, id) end
	end
	call('DEL', key)
end
local due, bytes = {}, 0
local ids = call('ZRANGEBYSCORE', P .. 'nd', '-inf', now, 'LIMIT', 0, most)
for _, id in ipairs(ids) do
	if bytes > ${ANSWER_BYTES} then break end
	local row = rowOf(id)
	if row then
		local f = call('HMGET', P .. 'j:' .. id, 'yv', 'ya', 'yh')
		if f[3] and f[3] ~= holder then call('SREM', P .. 'nh:' .. f[3], id) end
		call('HSET', P .. 'j:' .. id, 'yh', holder)
		call('SADD', P .. 'nh:' .. holder, id)
		call('ZADD', P .. 'nd', leaseEnd, id)
		local job = whole(row)
		bytes = bytes + #(job[#FIELDS + 2] or '') + #(job[#FIELDS + 3] or '')
		due[#due + 1] = { f[1], f[2], job }
	else call('ZREM', P .. 'nd', id) end
end
return done({ #due < #ids and 1 or 0, due })
`;

/** Arguments of one that is settled: id, version, holder, time of the next try ('': none) and tries before it. */
export const SETTLED_ARGUMENTS = 5;

/** What became of tries; nothing changes of a notice that is another's, or of another end. */
export const SETTLING_SCRIPT = `
for at = 3, #ARGV, ${SETTLED_ARGUMENTS} do
	local id, version, holder, nextAt, attempts = unpack(ARGV, at, at + ${SETTLED_ARGUMENTS - 1})
	local key = P .. 'j:' .. id
	local f = call('HMGET', key, 'yv', 'yh', 'e', 'k')
	if f[1] == version and f[2] == holder then
		call('SREM', P .. 'nh:' .. holder, id)
		call('HDEL', key, 'yh')
		if nextAt ~= '' then
			call('HSET', key, 'ya', attempts)
			call('ZADD', P .. 'nd', nextAt, id)
		else
			call('HDEL', key, 'yv', 'ya')
			call('ZREM', P .. 'nd', id)
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
