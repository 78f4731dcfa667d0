/** What a person or a job's owner wants of it. Arguments: id, kind, now, one that hangs on the kind, and of a redrive whether that was given and when the time began that it costs in. */
export const CHANGING_SCRIPT = `
local id, kind, now, more, given, since = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local row = rowOf(id)
if not row then return done(false) end
local changed = false
if kind == 'cancel' and row.state < SUCCEEDED and (more ~= 'unbegun' or row.a == '0') then
	changed = true
	giveBackUnsent(row)
	finish(row, CANCELLED, now)
elseif kind == 'fail' and row.state < SUCCEEDED then
	changed = true
	set(row, 'E', more)
	finish(row, FAILED, now)
elseif kind == 'redrive' and (row.state == FAILED or row.state == EXPIRED or row.state == PARKED) then
	changed = true
	release(row)
	dropResult(row)
	set(row, 'a', '0')
	if row.d then call('ZREM', P .. 'dl', id) end
	for _, name in ipairs({ 'd', 'P', 'E' }) do set(row, name, false) end
	-- The life of a key that was sent goes on; a new one is another try, wherever there is room.
	if given == '1' and more ~= row.u then
		set(row, 'u', more)
		set(row, 'f', false)
		set(row, 'l', '')
	end
	-- What the upstream ended as failed is not asked for again; what is not known to have ended is.
	local ends = row.state ~= PARKED or not row.f
	countAgain(row, since, ends and row.x)
	if ends then set(row, 'x', false) end
	ready(row, now, now)
elseif kind == 'settle' and row.state == PARKED then
	changed = true
	if more == 'succeeded' then set(row, 'E', false)
	elseif not row.x then giveBack(row) end
	finish(row, more == 'succeeded' and SUCCEEDED or FAILED, now)
end
if changed then save(row) end
return done({ changed and 1 or 0, whole(row) })
`;

/** Counts of a queue, behind what is to be changed: `1` pauses, `0` resumes, '' leaves it. */
export const QUEUE_SCRIPT = `
local q = queueOf(ARGV[3])
if ARGV[4] ~= '' then
	q.paused = ARGV[4] == '1'
	q.dirty = true
end
local first = call('ZRANGE', q.key .. 'w', 0, 0, 'WITHSCORES')
local answer = { q.paused and 1 or 0, first[2] or false }
for s = 0, 8 do answer[s + 3] = q.counts[s] end
return done(answer)
`;
