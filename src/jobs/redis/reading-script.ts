/** One job. */
export const GETTING_SCRIPT = `
local row = rowOf(ARGV[3])
return done(row and whole(row) or false)
`;

/** Sums of what was spent in the time that began then, each behind its key; of many only some. */
export const SUMS_SCRIPT = `
return done(call('HSCAN', spentKey(tonumber(ARGV[3])), '0', 'COUNT', 1000)[2])
`;

/** Jobs looked at for one page, at most; a page may be short. */
const LOOK = 2000;
/** Nor does it grow over this but by one job, bytes. */
const PAGE_BYTES = 4_194_304;

/**
 * A page of jobs, newest first. Arguments: number before which, most jobs, whether queue, group and owner are asked for
 * (`1` or `0`, each before its name), then the states. Answers where the next page begins (`0`: that was the last).
 */
export const LISTING_SCRIPT = `
local before, limit = ARGV[3], tonumber(ARGV[4])
local wanted = { q = ARGV[5] == '1' and ARGV[6], g = ARGV[7] == '1' and ARGV[8], o = ARGV[9] == '1' and ARGV[10] }
local states, few, held = nil, #ARGV > 10, false
for at = 11, #ARGV do
	local state = tonumber(ARGV[at])
	states = states or {}
	states[ARGV[at]] = true
	if state == RUNNING or state == SUBMITTED then held = true elseif not FEW[state] then few = false end
end

local found, floor = {}, 0
local function look(key)
	local ids = call('ZREVRANGEBYSCORE', key, '(' .. before, '-inf', 'WITHSCORES', 'LIMIT', 0, ${LOOK})
	for i = 1, #ids, 2 do found[#found + 1] = { ids[i], tonumber(ids[i + 1]) } end
	-- Nothing is known of what is older.
	if #ids == ${2 * LOOK} then floor = math.max(floor, tonumber(ids[#ids])) end
end
if not few then look(P .. 'all')
else
	for state in pairs(states) do if FEW[tonumber(state)] then look(P .. 's' .. state) end end
	local names = held and (wanted.q and { wanted.q } or call('SMEMBERS', P .. 'qs')) or {}
	for _, name in ipairs(names) do
		for _, id in ipairs(call('ZRANGE', queueOf(name).key .. 'l', 0, -1)) do
			local f = call('HMGET', P .. 'j:' .. id, 'n', 's')
			local n = tonumber(f[1] or math.huge)
			-- One that was cancelled or expired under its holder is found by its own state.
			if f[1] and (before == '+inf' or n < tonumber(before)) and tonumber(f[2]) < SUCCEEDED then
				found[#found + 1] = { id, n }
			end
		end
	end
	table.sort(found, function(a, b) return a[2] > b[2] end)
end

local page, bytes, nextAt = {}, 0, floor
for _, one in ipairs(found) do
	if one[2] < floor then break end
	local f = call('HMGET', P .. 'j:' .. one[1], 'q', 'g', 'o', 's')
	local is = (not wanted.q or wanted.q == f[1]) and (not wanted.g or wanted.g == f[2]) and (not wanted.o or wanted.o == f[3])
	if is and (not states or states[f[4]]) then
		if #page >= limit or bytes > ${PAGE_BYTES} then
			nextAt = page[#page].n
			break
		end
		local job = whole(rowOf(one[1]))
		bytes = bytes + #(job[#FIELDS + 2] or '') + #(job[#FIELDS + 3] or '')
		page[#page + 1] = { n = one[2], job = job }
	end
end
local jobs = {}
for i, one in ipairs(page) do jobs[i] = one.job end
return done({ num(nextAt), jobs })
`;
