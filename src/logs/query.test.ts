import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import { globFits } from '../core/glob.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { histogram, search } from './log-search.ts';
import { LogStore } from './log-store.ts';
import { matches } from './query-match.ts';
import { parseQuery } from './query-parse.ts';
import { toEnd } from './steps.ts';

const NOW = Date.UTC(2026, 5, 10, 12);
const folder = mkdtempSync(join(tmpdir(), 'ballast-query-'));
const store = new LogStore({
	folder,
	keepMs: 86_400_000,
	keepBytes: 1e9,
	databases: { open: openDatabase, inTransaction, diskFault },
	tell: (problem) => assert.fail(problem),
	now: () => NOW,
});

const MESSAGES = [
	'Database time-out after 30s',
	'database timeout',
	'out of time',
	'Café: réservation impossible',
	'',
	'id 550e8400-e29b-41d4-a716-446655440000 was lost in /var/lib/thing',
	"'; DROP TABLE entry; --",
	'<script>alert(1)</script>',
	'\x1b[31mred\x1b[0m NEAR AND NOT OR "quoted"',
	'100% of *all* things',
];
const entries: LogEntry[] = MESSAGES.flatMap((message, at) =>
	[0, 1, 2].map((turn) => ({
		timeMs: NOW - at * 1000 - turn,
		severity: (['info', 'warn', 'error'] as const)[turn] as 'info',
		source: (['instance', 'access', 'event'] as const)[(at + turn) % 3] as 'event',
		service: at % 2 === 0 ? 'videos' : 'avatars',
		instance: `i-${turn}`,
		message,
		traceId: turn === 2 ? `${at}`.padStart(32, 'a') : '',
		spanId: '',
		fields: {
			'http.response.status_code': 200 + at * 50,
			...(turn === 0 ? {} : { 'http.route': `GET /v1/thing${at}`, user: `u[${at}]?`, ok: turn === 1, size: at * 1.5 }),
			...(turn === 1 ? { text: '500' } : {}),
		},
	})),
);

before(() => assert.equal(store.put(entries), entries.length));
after(() => {
	store.close();
	rmSync(folder, { recursive: true });
});

const QUERIES = [
	'',
	'*',
	'time',
	'TIME',
	'time out',
	'"time out"',
	'time-out',
	'timeout',
	'tim*',
	'data* -after',
	'-database',
	'-"time out" -café',
	'cafe',
	'réservation',
	'"OR"',
	'time OR cafe',
	'(time OR cafe) level:warn',
	'-(time OR status>=400)',
	'time OR status>=400',
	'status>=400',
	'status<250',
	'status:500',
	'status:5*',
	'-status:5*',
	'route:*/thing3',
	'route:*',
	'route:""',
	'-route:*',
	'user:u[3]?',
	'user:u[*',
	'user:"u[2]?"',
	'ok:true',
	'ok:false',
	'-ok:true',
	'size>3',
	'size<=4.5',
	'-size>3',
	'text>1',
	'text:500',
	'nothing:x',
	'-nothing:x',
	'level:error',
	'level:warn source:access',
	'level<error',
	'level>info',
	'service:vid* -instance:i-1',
	'source:a*',
	'trace:*',
	`trace:${'A'.repeat(31)}3`,
	'trace:""',
	'550e8400-e29b-41d4-a716-446655440000',
	'/var/lib',
	'"/var/lib/thing"',
	'DROP',
	"'; DROP TABLE",
	`"'; DROP TABLE entry"`,
	'<script>',
	'script alert',
	'100%',
	'"*all*"',
	'NEAR',
	'"NEAR AND NOT"',
	'"\\"quoted\\""',
	'-time -cafe -script',
	'message:*time*',
	'message:"database timeout"',
	"x'y:z",
	'status>=500 OR level:error',
	'status>=500 -level:warn',
	'time NOT after',
	'time AND out',
	'(((time)))',
	'--time',
	'{',
	'^time',
	'time^2',
	'words:x',
	'e.id:1',
	'$match',
	':',
	'a:b:c',
	'rowid:1',
	'NEAR(time out)',
];

test('each query finds in the store what it finds among entries as they come', () => {
	for (const query of QUERIES) {
		const tree = parseQuery(query);
		const expected = entries.filter((entry) => matches(tree, entry)).sort((one, other) => other.timeMs - one.timeMs);
		const found = toEnd(search(store.files, { query, fromMs: 0, toMs: NOW + 1, limit: 1000 }));
		const shown = (all: readonly LogEntry[]) => all.map(({ message, instance }) => `${instance} ${message}`);
		assert.deepEqual(shown(found.entries), shown(expected), query);
		assert.equal(found.more, false, query);
		const counted = toEnd(histogram(store.files, { query, fromMs: NOW - 60_000, toMs: NOW + 1 }));
		assert.equal(
			counted.counts.reduce((sum, count) => sum + count, 0),
			expected.length,
			`count of ${query}`,
		);
	}
});

test('queries find what they should', () => {
	const found = (query: string) =>
		new Set(entries.filter((entry) => matches(parseQuery(query), entry)).map((entry) => entry.message));
	assert.deepEqual(found('time-out'), new Set(MESSAGES.slice(0, 2)));
	assert.deepEqual(found('"time out"'), new Set(MESSAGES.slice(0, 1)));
	assert.deepEqual(found('time out'), new Set([MESSAGES[0], MESSAGES[2]]));
	assert.deepEqual(found('cafe RESERVATION'), new Set([MESSAGES[3]]));
	assert.deepEqual(found('446655440000'), new Set([MESSAGES[5]]));
	assert.deepEqual(found("'; DROP"), new Set([MESSAGES[6]]));
	assert.deepEqual(found('status>=500 status<600'), new Set(MESSAGES.slice(6, 8)));
	assert.deepEqual(found('route:"GET /v1/thing9"'), new Set([MESSAGES[9]]));
});

test('what is no query is refused, with the place', () => {
	const refused: Record<string, RegExp> = {
		'(time': /at character 1: expected a closing \)/,
		'time)': /at character 5: expected an opening \(/,
		'a "b c': /at character 3: expected a closing "/,
		'time OR': /at character 8: expected a word/,
		'OR time': /at character 1: expected a word/,
		'()': /at character 2: expected a word/,
		'status>=many': /at character 1: expected a number, a duration or a size behind `status>=`, not `many`/,
		'level:wran': /at character 1: expected trace, .* or fatal behind `level:`; did you mean `warn`\?/,
		'x source:acess': /at character 3: .*did you mean `access`\?/,
		'status:': /at character 8: expected a value/,
		'*time': /at character 1: expected `\*` only at the end/,
		'a:*b*c*d*e*f*g': /at most 5 `\*`/,
		'""': /expected something between the quotes/,
		'level:\x1b[31m': /expected trace/,
	};
	for (const [query, message] of Object.entries(refused))
		assert.throws(() => parseQuery(query), { code: 'bad_query', message }, query);
	assert.throws(() => parseQuery('('.repeat(50)), /at most 20 levels/);
	assert.throws(() => parseQuery('a '.repeat(101)), /at most 100 terms/);
	assert.throws(() => parseQuery('a'.repeat(3000)), /at most 2000 characters/);
	assert.throws(
		() => parseQuery('status>=\x1b[31m'),
		(error: Error) => !error.message.includes('\x1b'),
	);
});

test('durations and sizes are understood where they fit', () => {
	assert.deepEqual(parseQuery('duration>1.5s'), { kind: 'compare', field: 'duration_s', operator: '>', value: 1.5 });
	assert.deepEqual(parseQuery('bytes>=1MB'), {
		kind: 'compare',
		field: 'http.response.body.size',
		operator: '>=',
		value: 1e6,
	});
});

test('a pattern of many stars takes no time worth speaking of', () => {
	const started = performance.now();
	assert.equal(globFits(`${'*a'.repeat(5)}b`, 'a'.repeat(20_000)), false);
	assert.ok(performance.now() - started < 2000);
	assert.ok(globFits('/v1/*', '/v1/x') && globFits('*x', 'axbx') && !globFits('a*b', 'ac') && globFits('***', ''));
});
