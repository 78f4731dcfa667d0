import { CLAIM_BYTES } from '../job-store.ts';

/**
 * Hands out jobs. Arguments: holder, end of the lease, most, now, what tokens begin with, and the holders that are gone,
 * each list behind its length; then the queues, the first in turn first.
 */
export const CLAIMING_SCRIPT = `
local at = 2
local function arg()
	at = at + 1
	return ARGV[at]
end
local function int() return tonumber(arg()) end
local holder, leaseEnd, most, now, life = arg(), arg(), int(), arg(), arg()
local nowMs = tonumber(now)
local claimed, bytes = {}, 0

local function take(row, lost)
	local token = life .. '.' .. (#claimed + 1)
	set(row, 'h', '1')
	set(row, 'H', holder)
	set(row, 'T', token)
	lease(row, leaseEnd)
	save(row)
	local answer = whole(row)
	claimed[#claimed + 1] = { token, lost, answer }
	-- All is answered at once: what comes to too much is for the next claim.
	bytes = bytes + #(answer[#FIELDS + 2] or '')
	if bytes >= ${CLAIM_BYTES} then most = #claimed end
end

local function takeLost(q)
	if q.held == 0 then return end
	while #claimed < most do
		local ids = call('ZRANGEBYSCORE', q.key .. 'l', '-inf', now, 'LIMIT', 0, most - #claimed)
		if #ids == 0 then return end
		for _, id in ipairs(ids) do
			if #claimed >= most then return end
			local row = rowOf(id)
			if not row then call('ZREM', q.key .. 'l', id)
			elseif row.state >= SUCCEEDED and not row.x then
				-- What an upstream has is ended there first: see claiming.ts.
				release(row)
				save(row)
			else
				if row.state < SUCCEEDED then newer(row) end
				take(row, '1')
			end
		end
	end
end

-- A rate's starts as 'ms:count;', oldest first; those close together are one, as of the later: never too many begin.
local function startsOf(log, rate)
	local kept = {}
	for ms, count in string.gmatch(log, '([^:;]+):([^:;]+);') do
		local start = { tonumber(ms), tonumber(count) }
		-- One further ahead than a span was written before a clock was set back.
		if math.abs(nowMs - start[1]) < rate.per then kept[#kept + 1] = start end
	end
	return kept
end

local function rateRoom(log, rate)
	local begun = 0
	for _, start in ipairs(startsOf(log, rate)) do begun = begun + start[2] end
	return rate.count - begun
end

local function withStart(log, rate)
	local kept = startsOf(log, rate)
	local last = kept[#kept]
	if last and (last[1] == nowMs or (#kept >= 32 and nowMs - last[1] <= rate.per / 64)) then
		last[1] = math.max(nowMs, last[1])
		last[2] = last[2] + 1
	else kept[#kept + 1] = { nowMs, 1 } end
	local parts = {}
	for i, start in ipairs(kept) do parts[i] = num(start[1]) .. ':' .. start[2] .. ';' end
	return table.concat(parts)
end

local function laneRoom(lane)
	-- Of those without a limit, the one with the fewest.
	return (lane.most > 0 and lane.most or 9007199254740991) - lane.held
end

local function hasRoom(turn)
	local q, room = turn.queue, turn.room
	if room.concurrency > 0 and q.held >= room.concurrency then return false end
	if room.rate and rateRoom(q.rate, room.rate) <= 0 then return false end
	if #room.lanes == 0 then return true end
	for _, lane in ipairs(room.lanes) do if laneRoom(lane) > 0 then return true end end
	return false
end

local function isFull(g, room)
	if room.groupConcurrency > 0 and g.held >= room.groupConcurrency then return true end
	return room.groupRate and rateRoom(g.rate, room.groupRate) <= 0
end

local function lanesOf(turn, g)
	local names = { '' }
	if #turn.room.lanes == 0 then
		-- Left from when the queue had lanes: they hold nobody back any more.
		if g.hasOld == nil then g.hasOld = call('SMEMBERS', g.key .. 'ls') end
		for _, name in ipairs(g.hasOld) do names[#names + 1] = name end
		return names
	end
	for _, lane in ipairs(turn.room.lanes) do if laneRoom(lane) > 0 then names[#names + 1] = lane.name end end
	return names
end

-- The group's first job that has room in its lane.
local function headOf(turn, g)
	local best
	for _, lane in ipairs(lanesOf(turn, g)) do
		local found = call('ZRANGE', g.key .. 'w:' .. lane, 0, 0, 'WITHSCORES')
		if found[1] then
			local score = tonumber(found[2])
			if not best or score < best.score or (score == best.score and found[1] < best.member) then
				best = { score = score, member = found[1], lane = lane }
			end
		end
	end
	return best
end

local function place(list, g)
	local from, to = 1, #list + 1
	while from < to do
		local middle = math.floor((from + to) / 2)
		if list[middle].turn > g.turn then from = middle + 1 else to = middle end
	end
	table.insert(list, from, g)
end

local CHUNK = 64
-- Groups in the order of their turns, the first last. They are read in pieces; what is read stays in order, as nothing is
-- written of them before the end.
local function firstGroup(turn)
	while true do
		local first = turn.groups[#turn.groups]
		if turn.allRead or (first and first.turn <= turn.readTurn) then return first end
		local names = call('ZRANGE', turn.queue.key .. 't', turn.read, turn.read + CHUNK - 1)
		turn.read = turn.read + #names
		turn.allRead = #names < CHUNK
		for _, name in ipairs(names) do
			local g = groupOf(turn.queue, name)
			turn.readTurn = g.turn
			place(turn.groups, g)
		end
	end
end

local function freeLane(turn)
	local best, room = '', 0
	for _, lane in ipairs(turn.room.lanes) do
		local more = laneRoom(lane)
		if more > room then best, room = lane.name, more end
	end
	return best
end

local function begin(turn, g, row, lane)
	local q, room = turn.queue, turn.room
	set(row, 'a', num(tonumber(row.a) + 1))
	if not row.f then set(row, 'f', now) end
	set(row, 'b', now)
	move(row, RUNNING)
	set(row, 'l', lane)
	hold(row, 1)
	for _, one in ipairs(room.lanes) do if one.name == lane then one.held = one.held + 1 end end
	if room.rate then q.rate = withStart(q.rate, room.rate) end
	if room.groupRate then g.rate = withStart(g.rate, room.groupRate) end
	q.turn = math.max(q.turn, g.turn)
	g.turn = g.turn + 1
	table.remove(turn.groups)
	place(turn.groups, g)
	take(row, '0')
end

-- False: this queue has nothing more to give.
local function takeNext(turn)
	if not hasRoom(turn) then return false end
	while true do
		local g = firstGroup(turn)
		if not g then return false end
		local head = not isFull(g, turn.room) and headOf(turn, g)
		if head then
			local row = rowOf(string.sub(head.member, 13))
			if not row then
				-- Somebody took its key away, as a policy of eviction does: what is left of it must not stop the queue.
				call('ZREM', g.key .. 'w:' .. head.lane, head.member)
				call('ZREM', turn.queue.key .. 'w', string.sub(head.member, 13))
				turn.queue.counts[WAITING] = turn.queue.counts[WAITING] - 1
				g.waiting = math.max(0, g.waiting - 1)
				touch(g)
			elseif row.d and tonumber(row.d) <= nowMs then
				giveBackUnsent(row)
				finish(row, EXPIRED, now)
				save(row)
			else begin(turn, g, row, row.l == '' and freeLane(turn) or row.l) end
			return true
		end
		table.remove(turn.groups)
	end
end

local gone = {}
for i = 1, int() do gone[arg()] = true end
if next(gone) then
	for _, name in ipairs(call('SMEMBERS', P .. 'qs')) do
		local q = queueOf(name)
		for _, id in ipairs(call('ZRANGE', q.key .. 'l', 0, -1)) do
			local f = call('HMGET', P .. 'j:' .. id, 'H', 'L')
			if gone[f[1]] and tonumber(f[2]) > nowMs then
				call('HSET', P .. 'j:' .. id, 'L', now)
				call('ZADD', q.key .. 'l', now, id)
			end
		end
	end
end

local function rateOf(count, per) return count > 0 and { count = count, per = per } or false end
local rooms = {}
for i = 1, int() do
	local room = { name = arg(), concurrency = int(), lanes = {} }
	room.rate = rateOf(int(), int())
	room.groupConcurrency = int()
	room.groupRate = rateOf(int(), int())
	for k = 1, int() do room.lanes[k] = { name = arg(), most = int() } end
	rooms[i] = room
end
for _, room in ipairs(rooms) do takeLost(queueOf(room.name)) end
for _, room in ipairs(rooms) do promote(queueOf(room.name), now, 1000) end
flush()
local turns = {}
for _, room in ipairs(rooms) do
	local q = queueOf(room.name)
	if q.known and not q.paused then
		for _, lane in ipairs(room.lanes) do lane.held = tonumber(call('HGET', q.key .. 'n', lane.name) or 0) end
		turns[#turns + 1] = { queue = q, room = room, groups = {}, read = 0, readTurn = -1, allRead = false }
	end
end
while #turns > 0 and #claimed < most do
	local left = {}
	for _, turn in ipairs(turns) do if #claimed >= most or takeNext(turn) then left[#left + 1] = turn end end
	turns = left
end
return done(claimed)
`;
