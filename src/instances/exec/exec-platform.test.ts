import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatformError } from '../platform/platform-error.ts';
import type { ExecConfig } from './config.ts';
import { ExecPlatform } from './exec-platform.ts';
import { execConfig } from './testing-exec-config.ts';

const ask = (code: string, more: Partial<ExecConfig> = {}): ExecPlatform =>
	new ExecPlatform('api', execConfig([process.execPath, '-e', code], more));
const { signal } = new AbortController();

const rejects = (work: Promise<unknown>, fault: string, message: RegExp): Promise<void> =>
	assert.rejects(work, (error: PlatformError) => {
		assert.ok(error instanceof PlatformError, String(error));
		assert.match(error.message, message);
		assert.equal(error.fault, fault);
		return true;
	});

test('a command is told what to do as JSON', async () => {
	const echo =
		'let t="";process.stdin.on("data",d=>t+=d).on("end",()=>console.log(JSON.stringify({desired:1,members:[{id:"a",note:t}]})))';
	const { members } = await ask(echo).group(signal);
	assert.equal(members[0]?.note, '{"version":1,"service":"api","action":"list"}\\n');
	assert.deepEqual([members[0]?.life, members[0]?.port], ['pending', 8080]);
});

test('its environment holds no secret of Ballast', async () => {
	process.env['A_SECRET_OF_BALLAST'] = 'hidden';
	const print = 'console.log(JSON.stringify({desired:1,members:[{id:"a",note:Object.keys(process.env).join()}]}))';
	const { members } = await ask(print, { env: { TOKEN: 'x' } }).group(signal);
	const names = members[0]?.note.split(',') ?? [];
	assert.ok(names.includes('PATH') && names.includes('TOKEN'), names.join());
	assert.ok(!names.includes('A_SECRET_OF_BALLAST'));
});

test('how it ends says what went wrong, in the last line of its stderr', async () => {
	const fail = (code: number) => `console.error("first\\n\\x1b[31mno more\\n");process.exit(${code})`;
	await rejects(ask(fail(75)).group(signal), 'busy', /^\\x1b\[31mno more$/);
	await rejects(ask(fail(77)).group(signal), 'denied', /no more/);
	await rejects(ask(fail(1)).group(signal), 'bad_request', /no more/);
	await rejects(ask('process.exit(3)').group(signal), 'bad_request', /ended with code 3/);
	await rejects(
		new ExecPlatform('api', execConfig(['/nowhere/group'])).group(signal),
		'bad_request',
		/could not be started/,
	);
});

test('what it prints is bounded and checked', async () => {
	await rejects(
		ask('for(;;)require("fs").writeSync(1,"x".repeat(65536))').group(signal),
		'bad_request',
		/more than 4194304 bytes/,
	);
	await rejects(ask('console.log("nothing here")').group(signal), 'bad_request', /no JSON/);
	const print = (value: unknown) => ask(`console.log(${JSON.stringify(JSON.stringify(value))})`).group(signal);
	await rejects(
		print({ desired: -1, members: [] }),
		'bad_request',
		/list\.desired: expected a whole number, not -1|`list.desired`: expected/,
	);
	await rejects(print({ desired: 1, members: [{ id: 'a b' }] }), 'bad_request', /members\[0\]\.id/);
	await rejects(print({ desired: 1, members: [{ id: 'a', host: 'x/y' }] }), 'bad_request', /members\[0\]\.host/);
	await rejects(print({ desired: 1, members: [{ id: 'a' }, { id: 'a' }] }), 'bad_request', /each id once/);
});

test('one that takes too long is killed with all that it started', async () => {
	const began = Date.now();
	const platform = new ExecPlatform('api', execConfig(['sh', '-c', 'sleep 60 & sleep 60'], { timeoutMs: 200 }));
	await rejects(platform.group(signal), 'unreachable', /took longer than 0\.2 s and was killed/);
	assert.ok(Date.now() - began < 10_000);
});

test('usage and size are there only where there are commands for them', async () => {
	const { commands } = execConfig(['true']);
	const bare = new ExecPlatform('api', execConfig(['true'], { commands: { ...commands, size: null, usage: null } }));
	assert.deepEqual(['usage' in bare, 'applySize' in bare], [false, false]);
	const usage = await ask('console.log(\'{"members":{"a":{"cpu":0.5,"memory":null}}}\')').usage?.(['a'], signal);
	assert.deepEqual([usage?.get('a')?.cpu, usage?.get('a')?.memory], [0.5, null]);
	assert.equal(
		await ask('console.log(\'{"how":"rolling"}\')').applySize?.({ cpu: 1, memoryBytes: null }, signal),
		'rolling',
	);
});

test('use in cores and bytes: as told, or shares of what is given; what is no number is refused', async () => {
	const usage = async (member: object) => {
		const print = JSON.stringify(JSON.stringify({ members: { a: member } }));
		return (await ask(`console.log(${print})`).usage?.(['a'], signal))?.get('a');
	};
	const given = { cpu: 2, memoryBytes: 1000 };
	const told = await usage({ cores: 0.3, memoryBytes: 70, given });
	assert.deepEqual([told?.cpu, told?.cores, told?.memoryBytes, told?.given], [null, 0.3, 70, given]);
	const shares = await usage({ cpu: 0.5, memory: 0.2, given: { cpu: 2 } });
	assert.deepEqual([shares?.cores, shares?.memoryBytes, shares?.given], [1, null, { cpu: 2, memoryBytes: null }]);
	await rejects(usage({ cores: -1 }), 'bad_request', /usage\.members\.a\.cores`: expected a number of cores, not -1/);
	await rejects(
		usage({ given: { memoryBytes: '1GiB' } }),
		'bad_request',
		/given\.memoryBytes`: expected a number of bytes/,
	);
});

test('ends for want of memory are told by the list', async () => {
	const list = (outOfMemory: unknown) => {
		const answer = JSON.stringify({ desired: 1, members: [{ id: 'a', outOfMemory }] });
		return ask(`console.log(${JSON.stringify(answer)})`).group(signal);
	};
	assert.deepEqual((await list(2)).members[0]?.memoryEnds, { count: 2, memoryBytes: null });
	assert.equal((await list(null)).members[0]?.memoryEnds, null);
	await rejects(list(1.5), 'bad_request', /members\[0\]\.outOfMemory`: expected a whole number/);
});
