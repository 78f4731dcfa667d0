/** Arguments of one report: id, token, now, kind, and four that hang on the kind. */
export const REPORT_ARGUMENTS = 8;

/** What became of attempts; `0`: the token is not the job's, or it has ended. */
export const REPORTING_SCRIPT = `
local function keepResult(row, bytes, file)
	if bytes == '' then return end
	call('SET', P .. 'r:' .. row.id, bytes)
	if file ~= '' then
		set(row, 'R', file)
		call('SADD', P .. 'named', file)
	end
end

local KINDS = {
	beat = function(row, now, untilMs, progress)
		lease(row, untilMs)
		if progress ~= '' then
			set(row, 'P', progress)
			newer(row)
		end
	end,
	submitted = function(row, now, untilMs, external)
		lease(row, untilMs)
		set(row, 'x', external)
		move(row, SUBMITTED)
	end,
	succeeded = function(row, now, bytes, file)
		release(row)
		set(row, 'E', false)
		keepResult(row, bytes, file)
		finish(row, SUCCEEDED, now)
	end,
	failed = function(row, now, bytes, file, error, free)
		release(row)
		if free == '1' then giveBack(row) end
		set(row, 'E', error)
		keepResult(row, bytes, file)
		finish(row, FAILED, now)
	end,
	cancelled = function(row, now)
		release(row)
		finish(row, CANCELLED, now)
	end,
	parked = function(row, now, error)
		release(row)
		set(row, 'E', error)
		move(row, PARKED)
	end,
	retry = function(row, now, runAt, error, counted, keepsLane)
		release(row)
		set(row, 'E', error)
		set(row, 'P', false)
		if keepsLane == '0' then set(row, 'l', '') end
		if counted == '0' then
			-- Nothing went upstream: the life of its key has not begun by this attempt, but that of one before a redrive goes on.
			set(row, 'a', num(math.max(0, tonumber(row.a) - 1)))
			if row.a == '0' and row.f == row.b then set(row, 'f', false) end
		end
		ready(row, runAt, now)
	end,
}

local answers = {}
for at = 3, #ARGV, ${REPORT_ARGUMENTS} do
	local id, token, now, kind, a, b, c, d = unpack(ARGV, at, at + ${REPORT_ARGUMENTS - 1})
	local row = rowOf(id)
	local is = row and row.T and row.T == token
	if is and row.state >= SUCCEEDED then
		-- It ended under its holder, whose slot is given back once that has stopped.
		is = false
		if kind == 'beat' or kind == 'submitted' then
			lease(row, a)
			if kind == 'submitted' then set(row, 'x', b) end
		else
			release(row)
			if (kind == 'failed' and d == '1') or (kind == 'retry' and c == '0' and d == '0') then giveBack(row) end
		end
		save(row)
	elseif is then
		KINDS[kind](row, now, a, b, c, d)
		save(row)
	end
	answers[#answers + 1] = is and 1 or 0
end
return done(answers)
`;
