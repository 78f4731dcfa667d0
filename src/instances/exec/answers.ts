/** What commands may print, checked: whatever is not as it should be is refused with the place where it stands. */
import { inert } from '../../core/inert.ts';
import {
	type MemberSize,
	machineUsage,
	type PlatformGroup,
	type PlatformMember,
	type PlatformUsage,
	type SizeApplied,
} from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';

/** Members of a group, at most. */
const MOST_MEMBERS = 10_000;
const LIVES = ['pending', 'running', 'leaving', 'failed'] as const;
const HOST = /^[A-Za-z0-9.:_-]{0,253}$/;

type Form = Record<string, unknown>;

function refuse(where: string, expected: string, value: unknown): never {
	const shown = inert(JSON.stringify(value) ?? 'nothing').slice(0, 80);
	throw new PlatformError('bad_request', `the answer of \`${where}\`: expected ${expected}, not ${shown}`);
}

function form(where: string, value: unknown): Form {
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Form;
	return refuse(where, 'an object', value);
}

function count(where: string, value: unknown): number {
	const valid = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000_000;
	return valid ? (value as number) : refuse(where, 'a whole number', value);
}

function words(where: string, value: unknown): string {
	if (value === undefined || value === null) return '';
	return typeof value === 'string' ? inert(value).slice(0, 200) : refuse(where, 'text', value);
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | null =>
	value === undefined || value === null ? null : read(value);

/** @param port of members that have none */
export function readGroup(answer: unknown, port: number): PlatformGroup {
	const { desired, min, max, autoscaler, busy, members } = form('list', answer);
	if (!Array.isArray(members) || members.length > MOST_MEMBERS)
		return refuse('list.members', `a list of at most ${MOST_MEMBERS} members`, members);
	const read = members.map((member, at) =>
		readMember(`list.members[${at}]`, form(`list.members[${at}]`, member), port),
	);
	const ids = new Set(read.map(({ id }) => id));
	if (ids.size < read.length) return refuse('list.members', 'each id once', read.length);
	return {
		desired: count('list.desired', desired),
		min: optional(min, (value) => count('list.min', value)),
		max: optional(max, (value) => count('list.max', value)),
		autoscaler: words('list.autoscaler', autoscaler) || null,
		busy: words('list.busy', busy) || null,
		members: read,
	};
}

function readMember(where: string, member: Form, port: number): PlatformMember {
	const { id, host = '', ready, startedAt, note, outOfMemory } = member;
	const ends = optional(outOfMemory, (value) => count(`${where}.outOfMemory`, value));
	if (typeof id !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(id))
		return refuse(`${where}.id`, 'a name without blanks, at most 200 characters', id);
	if (typeof host !== 'string' || !HOST.test(host)) return refuse(`${where}.host`, 'an address or a name', host);
	const own = member['port'] === undefined ? port : count(`${where}.port`, member['port']);
	if (own > 65_535) return refuse(`${where}.port`, 'a port', own);
	const life = member['life'] ?? (host === '' ? 'pending' : 'running');
	const known = LIVES.find((each) => each === life) ?? refuse(`${where}.life`, LIVES.join(', '), life);
	if (known === 'running' && own === 0) return refuse(`${where}.port`, 'a port, here or in the configuration', null);
	if (ready !== undefined && ready !== null && typeof ready !== 'boolean')
		return refuse(`${where}.ready`, 'true or false', ready);
	return {
		id,
		host,
		port: own,
		life: known,
		ready: ready ?? null,
		startedAt: time(`${where}.startedAt`, startedAt),
		note: words(`${where}.note`, note),
		memoryEnds: ends === null ? null : { count: ends, memoryBytes: null },
	};
}

/** Epoch ms of a number (epoch ms) or an ISO 8601 time; 0: not known. */
function time(where: string, value: unknown): number {
	if (value === undefined || value === null) return 0;
	const ms = typeof value === 'string' ? Date.parse(value) : value;
	return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? ms : refuse(where, 'a time', value);
}

export function readUsage(answer: unknown, nowMs: number): ReadonlyMap<string, PlatformUsage> {
	const members = form('usage.members', form('usage', answer)['members']);
	const usage = new Map<string, PlatformUsage>();
	for (const [id, value] of Object.entries(members).slice(0, MOST_MEMBERS)) {
		const where = `usage.members.${inert(id).slice(0, 60)}`;
		const { cpu, memory, cores, memoryBytes, given, at } = form(where, value);
		const shares = {
			cpu: amount(`${where}.cpu`, SHARE, cpu),
			memory: amount(`${where}.memory`, SHARE, memory),
			atMs: time(`${where}.at`, at) || nowMs,
		};
		const size = optional(given, (found) => readSize(`${where}.given`, form(`${where}.given`, found)));
		const byShares = machineUsage(shares, size);
		usage.set(id, {
			...byShares,
			cores: amount(`${where}.cores`, CORES, cores) ?? byShares.cores,
			memoryBytes: amount(`${where}.memoryBytes`, BYTES, memoryBytes) ?? byShares.memoryBytes,
		});
	}
	return usage;
}

const readSize = (where: string, { cpu, memoryBytes }: Form): MemberSize => ({
	cpu: amount(`${where}.cpu`, CORES, cpu),
	memoryBytes: amount(`${where}.memoryBytes`, BYTES, memoryBytes),
});

interface Amount {
	readonly most: number;
	readonly expected: string;
}

const SHARE: Amount = { most: 1e6, expected: 'a share, 1 is all' };
const CORES: Amount = { most: 1e6, expected: 'a number of cores' };
const BYTES: Amount = { most: 1e15, expected: 'a number of bytes' };

const amount = (where: string, { most, expected }: Amount, value: unknown): number | null =>
	optional(value, (found) =>
		typeof found === 'number' && found >= 0 && found < most ? found : refuse(where, expected, found),
	);

export function readHow(answer: unknown): SizeApplied {
	const { how } = form('size', answer);
	return how === 'live' || how === 'rolling' || how === 'same' ? how : refuse('size.how', 'live, rolling or same', how);
}
