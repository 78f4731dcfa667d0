/** Arguments of one job, in order; '' of a deadline, a file and a key: none. */
export const ADD_ARGUMENTS = 19;

/** Takes jobs in. Answers of each: `a` (added), `s` with id and job (the same), `m` with id (another payload), `o` with a key (its sum would be too much). */
export const ADDING_SCRIPT = `
local answers = {}
local number
-- Those of the jobs that may come are taken together; some are not used.
local function nextNumber(last, at)
	if not number then
		local count = (last - at + 1) / ${ADD_ARGUMENTS}
		number = call('INCRBY', P .. 'seq', count) - count
	end
	number = number + 1
	return string.format('%.0f', number)
end
for at = 3, #ARGV, ${ADD_ARGUMENTS} do
	local id, queue, group, owner, priority, created, runAt, deadline, keep, most, upstreamKey, file, bytes, key, print, untilMs, notifies, lane, spend =
		unpack(ARGV, at, at + ${ADD_ARGUMENTS - 1})
	local answer
	if key ~= '' then
		local f = call('HMGET', P .. 'i:' .. key, 'f', 'i', 'u')
		local row = f[1] and rowOf(f[2])
		-- While its job is there it stands for it, however old it is.
		if f[1] and (row or tonumber(f[3]) > tonumber(created)) then
			answer = f[1] == print and { 's', f[2], row and whole(row) or false } or { 'm', f[2] }
		end
	end
	local row
	-- Nearly always it is not there: to look for it costs less than to read what is not there.
	if not answer and call('EXISTS', P .. 'j:' .. id) == 1 then answer = { 's', id, whole(rowOf(id)) } end
	local cost = not answer and spend ~= '' and cjson.decode(spend)
	if cost then
		local over = overSpend(cost)
		if over then answer = { 'o', over } end
	end
	if not answer then
		local q = queueOf(queue)
		local state = tonumber(runAt) > tonumber(created) and SCHEDULED or WAITING
		row = { id = id, q = queue, g = group, p = priority, l = lane, r = runAt, v = '1', d = deadline ~= '' and deadline,
			n = nextNumber(#ARGV, at), state = state, queue = q, group = groupOf(q, group) }
		call('HSET', P .. 'j:' .. id, 'q', queue, 'g', group, 'o', owner, 's', state, 'p', priority, 'l', lane, 'r', runAt, 'v', '1',
			'a', '0', 'm', most, 'c', created, 'k', keep, 'u', upstreamKey, 'n', row.n)
		if row.d then
			call('HSET', P .. 'j:' .. id, 'd', deadline)
			call('ZADD', P .. 'dl', deadline, id)
		end
		if file ~= '' then
			call('HSET', P .. 'j:' .. id, 'F', file)
			call('SADD', P .. 'named', file)
		end
		if cost then
			addSpend(cost, 1)
			call('HSET', P .. 'j:' .. id, 'z', spendText(cost))
		end
		if notifies ~= '' then call('HSET', P .. 'j:' .. id, 'y', notifies) end
		call('SET', P .. 'b:' .. id, bytes)
		call('ZADD', P .. 'all', row.n, id)
		row.group.kept = row.group.kept + 1
		enter(row)
		tell(row)
		if key ~= '' then
			call('HSET', P .. 'i:' .. key, 'f', print, 'i', id, 'u', untilMs)
			-- It ends behind its job only.
			call('PERSIST', P .. 'i:' .. key)
			call('HSET', P .. 'j:' .. id, 'i', key)
		end
		answer = { 'a' }
	end
	answers[#answers + 1] = answer
end
return done(answers)
`;
