/**
 * What all scripts begin with: jobs, queues and groups as they are read and changed within one script, with the counts
 * that go with them. All keys begin with KEYS[1], which has the hash tag of all jobs, so that a Cluster keeps them on
 * one of its nodes and a script may touch them all. A script is one transaction: it runs alone, and is replicated and
 * logged whole.
 *
 * `j:ID` a job's row, what changes of it; `b:ID` its bytes as they came in; `r:ID` its result. `all`: ids by number.
 * `s4`, `s6`, `s7`, `s8`: ids of the states that are listed by themselves. `dl`: deadlines; `dr`: ends of what is kept.
 * `i:KEY`: idempotency records, which Redis lets go by itself once their job is gone. `named`, `dropped`: files in use, files to be removed.
 * Of a queue (`qLENGTH:NAME:`): `h` its counts; `s` scheduled ones by time; `w` waiting ones by time; `l` held ones by the
 * end of their lease; `n` slots by lane; `t` groups that have waiting jobs by their turn. Of a group in it
 * (`gLENGTH:NAME:`): `h` its counts; `w:LANE` what waits, in order; `ls` lanes that something waits for.
 * `nd`: ends that are still to be told, by the time of the next try; `nd:LANE` those of a lane, `nls` lanes by their first;
 * `nh:HOLDER`: those of them that a holder has in hand. `gone`: receivers that are called no more; `gs` them by time.
 * `sp:SINCE`: by key, what was spent in the time that began then.
 * `changes`: a stream of what changed, for those who watch.
 */
export const LEDGER_SCRIPT = `
local P = KEYS[1]
local call = redis.call
local SCHEDULED, WAITING, RUNNING, SUBMITTED, PARKED, SUCCEEDED, FAILED, CANCELLED, EXPIRED = 0, 1, 2, 3, 4, 5, 6, 7, 8
local FEW = { [PARKED] = true, [FAILED] = true, [CANCELLED] = true, [EXPIRED] = true }
local queues, groups, told = {}, {}, {}
-- The numbers that come in have up to 16 digits; tostring would cut them to 14.
local function num(x) return string.format('%.17g', x) end

local function queueOf(name)
	local q = queues[name]
	if q then return q end
	local key = P .. 'q' .. #name .. ':' .. name .. ':'
	local f = call('HMGET', key .. 'h', 'p', 't', 'h', 'r', '0', '1', '2', '3', '4', '5', '6', '7', '8')
	q = { name = name, key = key, known = f[2], paused = f[1] == '1', turn = tonumber(f[2] or 0), held = tonumber(f[3] or 0),
		rate = f[4] or '', counts = {} }
	for s = 0, 8 do q.counts[s] = tonumber(f[5 + s] or 0) end
	queues[name] = q
	return q
end

local function groupOf(q, name)
	local key = q.key .. 'g' .. #name .. ':' .. name .. ':'
	local g = groups[key]
	if g then return g end
	local f = call('HMGET', key .. 'h', 'w', 'h', 'k', 't', 'r')
	g = { name = name, key = key, queue = q, waiting = tonumber(f[1] or 0), held = tonumber(f[2] or 0),
		kept = tonumber(f[3] or 0), turn = tonumber(f[4] or q.turn), rate = f[5] or '' }
	g.was = g.waiting
	g.wasKept = g.kept
	groups[key] = g
	return g
end

local function touch(g)
	g.dirty = true
	g.queue.dirty = true
end

local function flush()
	for key, g in pairs(groups) do
		if g.dirty then
			local h = key .. 'h'
			call('HSET', h, 'w', g.waiting, 'h', g.held, 'k', g.kept, 't', num(g.turn), 'r', g.rate)
			if g.waiting > 0 then call('ZADD', g.queue.key .. 't', num(g.turn), g.name)
			elseif g.was > 0 then call('ZREM', g.queue.key .. 't', g.name) end
			-- Without jobs it is forgotten, later than a rate's span should end.
			if g.kept == 0 then call('EXPIRE', h, 86400) elseif g.wasKept == 0 then call('PERSIST', h) end
			g.was, g.wasKept, g.dirty = g.waiting, g.kept, false
		end
	end
	for _, q in pairs(queues) do
		if q.dirty then
			local c = q.counts
			call('HSET', q.key .. 'h', 'p', q.paused and '1' or '0', 't', num(q.turn), 'h', q.held, 'r', q.rate,
				'0', c[0], '1', c[1], '2', c[2], '3', c[3], '4', c[4], '5', c[5], '6', c[6], '7', c[7], '8', c[8])
			if not q.known then call('SADD', P .. 'qs', q.name) end
			q.known, q.dirty = true, false
		end
	end
end

-- q queue, g group, o owner, s state, p priority, l lane, r run at, v version, a attempts, m most attempts, c created,
-- f first attempt, b begun, e ended, d deadline, k keep, u upstream key, x external id, P progress, E error,
-- F file of the body, R file of the result, h held, L lease, H holder, T token, n number, y: its end is told, within the lane
-- behind the first character.
-- z what it costs, as spend-text.ts writes it.
-- Not read with the others: i its idempotency key; of a notice yv its version, ya tries before, yh who has it in hand.
local FIELDS = { 'q', 'g', 'o', 's', 'p', 'l', 'r', 'v', 'a', 'm', 'c', 'f', 'b', 'e', 'd', 'k', 'u', 'x', 'P', 'E', 'F', 'R',
	'h', 'L', 'H', 'T', 'n', 'y', 'z' }

local function rowOf(id)
	local f = call('HMGET', P .. 'j:' .. id, unpack(FIELDS))
	if not f[1] then return nil end
	local row = { id = id, changed = {} }
	for i, name in ipairs(FIELDS) do row[name] = f[i] end
	row.state = tonumber(row.s)
	row.queue = queueOf(row.q)
	row.group = groupOf(row.queue, row.g)
	return row
end

-- false: it is null.
local function set(row, name, value)
	row[name] = value
	row.changed[name] = true
end

local function save(row)
	local values, gone = {}, {}
	for name in pairs(row.changed) do
		if row[name] then
			values[#values + 1] = name
			values[#values + 1] = row[name]
		else gone[#gone + 1] = name end
	end
	if #values > 0 then call('HSET', P .. 'j:' .. row.id, unpack(values)) end
	if #gone > 0 then call('HDEL', P .. 'j:' .. row.id, unpack(gone)) end
	row.changed = {}
end

-- As it is answered: the fields, its bytes, its result.
local function whole(row)
	local answer = { row.id }
	for i, name in ipairs(FIELDS) do answer[i + 1] = row[name] end
	answer[#FIELDS + 2] = call('GET', P .. 'b:' .. row.id)
	answer[#FIELDS + 3] = call('GET', P .. 'r:' .. row.id)
	return answer
end

local function tell(row)
	told[#told + 1] = row.id .. ' ' .. row.state .. ' ' .. row.v
end

local function newer(row)
	set(row, 'v', num(tonumber(row.v) + 1))
	tell(row)
end

-- Order among what waits: priority, time; then the number, with which the member begins.
local function member(row) return string.format('%012x', tonumber(row.n)) .. row.id end
local function order(row) return num((2 - tonumber(row.p)) * 8796093022208 + tonumber(row.r)) end

local function leave(row)
	local q, g, state = row.queue, row.group, row.state
	q.counts[state] = q.counts[state] - 1
	if state == WAITING then
		local key = g.key .. 'w:' .. row.l
		call('ZREM', key, member(row))
		call('ZREM', q.key .. 'w', row.id)
		if row.l ~= '' and call('EXISTS', key) == 0 then call('SREM', g.key .. 'ls', row.l) end
		g.waiting = g.waiting - 1
	elseif state == SCHEDULED then call('ZREM', q.key .. 's', row.id)
	elseif FEW[state] then call('ZREM', P .. 's' .. state, row.id) end
	if state >= SUCCEEDED then call('ZREM', P .. 'dr', row.id) end
	touch(g)
end

local function enter(row)
	local q, g, state = row.queue, row.group, row.state
	q.counts[state] = q.counts[state] + 1
	if state == WAITING then
		call('ZADD', g.key .. 'w:' .. row.l, order(row), member(row))
		call('ZADD', q.key .. 'w', row.r, row.id)
		if row.l ~= '' then call('SADD', g.key .. 'ls', row.l) end
		-- Who had nothing to do has not saved up turns.
		if g.waiting == 0 then g.turn = math.max(g.turn, q.turn) end
		g.waiting = g.waiting + 1
	elseif state == SCHEDULED then call('ZADD', q.key .. 's', row.r, row.id)
	elseif FEW[state] then call('ZADD', P .. 's' .. state, row.n, row.id) end
	if state >= SUCCEEDED then
		call('ZADD', P .. 'dr', num(tonumber(row.e) + tonumber(row.k)), row.id)
		if row.d then call('ZREM', P .. 'dl', row.id) end
	end
	touch(g)
end

local function move(row, state)
	leave(row)
	row.state = state
	set(row, 's', tostring(state))
	enter(row)
	newer(row)
end

local function hold(row, by)
	local q, g = row.queue, row.group
	q.held = q.held + by
	g.held = g.held + by
	if row.l ~= '' then call('HINCRBY', q.key .. 'n', row.l, by) end
	touch(g)
end

local function lease(row, untilMs)
	set(row, 'L', untilMs)
	call('ZADD', row.queue.key .. 'l', untilMs, row.id)
end

local function release(row)
	if row.h then
		hold(row, -1)
		call('ZREM', row.queue.key .. 'l', row.id)
	end
	for _, name in ipairs({ 'h', 'L', 'H', 'T' }) do set(row, name, false) end
end

-- When an end is told; nil: no more. y: of its row.
local function noticeAt(id, y, at)
	local lane = string.sub(y, 2)
	local key = P .. 'nd:' .. lane
	if at then
		call('ZADD', P .. 'nd', at, id)
		call('ZADD', key, at, id)
	else
		call('ZREM', P .. 'nd', id)
		call('ZREM', key, id)
	end
	local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
	if first[2] then call('ZADD', P .. 'nls', first[2], lane) else call('ZREM', P .. 'nls', lane) end
end

-- Nobody is to be told of its end any more, or not yet.
local function takeBack(row)
	if not row.y then return end
	noticeAt(row.id, row.y, nil)
	local holder = call('HGET', P .. 'j:' .. row.id, 'yh')
	if holder then call('SREM', P .. 'nh:' .. holder, row.id) end
	for _, name in ipairs({ 'yv', 'ya', 'yh' }) do set(row, name, false) end
end

local function finish(row, state, now)
	set(row, 'e', now)
	move(row, state)
	if not row.y then return end
	set(row, 'yv', row.v)
	set(row, 'ya', '0')
	noticeAt(row.id, row.y, now)
end

-- Sums of the time that began then, which Redis lets go by itself, later than a job of the longest time should end.
local function spentKey(since) return P .. 'sp:' .. num(since) end

local function overSpend(spend)
	for i, key in ipairs(spend.keys) do
		local sum = tonumber(call('HGET', spentKey(spend.since), key) or 0)
		if spend.most[i] ~= cjson.null and sum + spend.cost > spend.most[i] then return key end
	end
end

local function addSpend(spend, sign)
	for _, key in ipairs(spend.keys) do
		local sum = call('HINCRBY', spentKey(spend.since), key, num(sign * spend.cost))
		if sum < 0 then call('HSET', spentKey(spend.since), key, '0') end
	end
	call('PEXPIREAT', spentKey(spend.since), num(spend.since + 6048000000))
end

local function spendText(spend)
	return '{"cost":' .. num(spend.cost) .. ',"since":' .. num(spend.since) .. ',"keys":' .. cjson.encode(spend.keys)
		.. ',"counted":' .. num(spend.counted) .. '}'
end

local function keepSpend(row, spend, counted)
	spend.counted = counted
	set(row, 'z', spendText(spend))
end

-- It will not be billed.
local function giveBack(row)
	local spend = row.z and cjson.decode(row.z)
	if not spend or spend.counted == 0 then return end
	addSpend(spend, -1)
	keepSpend(row, spend, 0)
end

-- Nothing of it went upstream, or can any more.
local function giveBackUnsent(row)
	if not row.h and not row.f and not row.x then giveBack(row) end
end

local function countAgain(row, since, spent)
	local spend = row.z and cjson.decode(row.z)
	if not spend or (spend.counted == 1 and not spent) then return end
	if since ~= '' then spend.since = tonumber(since) end
	addSpend(spend, 1)
	keepSpend(row, spend, 1)
end

local function ready(row, at, now)
	set(row, 'r', at)
	if row.e then takeBack(row) end
	-- Before it leaves what it was: that looks at the state alone.
	set(row, 'e', false)
	move(row, tonumber(at) > tonumber(now) and SCHEDULED or WAITING)
end

local function dropFile(file)
	if file then
		call('SREM', P .. 'named', file)
		call('SADD', P .. 'dropped', file)
	end
end

local function dropResult(row)
	dropFile(row.R)
	set(row, 'R', false)
	call('DEL', P .. 'r:' .. row.id)
end

local function promote(q, now, most)
	if q.counts[SCHEDULED] == 0 then return true end
	local due = call('ZRANGEBYSCORE', q.key .. 's', '-inf', now, 'LIMIT', 0, most)
	for _, id in ipairs(due) do
		local row = rowOf(id)
		if row then
			move(row, WAITING)
			save(row)
		else call('ZREM', q.key .. 's', id) end
	end
	return #due < most
end

-- Last in each script. ARGV[1]: who asks, ARGV[2]: which call of his.
local function done(answer)
	flush()
	local text = table.concat(told, ',')
	if #told > 0 then call('XADD', P .. 'changes', 'MAXLEN', '~', 20000, '*', 'o', ARGV[1], 'n', ARGV[2], 'c', text) end
	return { text, answer }
end
`;
