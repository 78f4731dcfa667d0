/** `/_simulator/`: for tests, what happened and what is to happen. No key is asked for. */
import { ERROR_CODES, type ErrorCode } from './api-error.ts';
import { reschedule, resumeJobs } from './jobs.ts';
import { readDuration } from './knob-kinds.ts';
import { type Knobs, readKnobs } from './knobs.ts';
import { ledgerOf } from './ledger.ts';
import type { Fields } from './reading.ts';
import type { World } from './world.ts';

/** What a client of the control interface is told is wrong. */
export class ControlError extends Error {}

interface Question {
	method: string;
	path: string;
	query: URLSearchParams;
	fields: Fields;
}

/** The answer's body; undefined: there is no such thing. Throws ControlError. */
export function control(world: World, { method, path, query, fields }: Question): unknown {
	switch (`${method} ${path}`) {
		case 'GET /_simulator':
			return about(world);
		case 'GET /_simulator/ledger':
			return ledgerOf(world, query.get('account'));
		case 'GET /_simulator/calls': {
			const { calls, files, webhooks, total } = world.counts;
			return { calls, files, webhooks, total, keysUnderWay: world.busyKeys.size };
		}
		case 'GET /_simulator/deliveries':
			return { deliveries: world.deliveries };
		case 'GET /_simulator/knobs':
			return world.knobs;
		case 'POST /_simulator/knobs':
			return turn(world, fields);
		case 'POST /_simulator/restart':
			return restart(world, durationIn(fields, 'downMs', 0));
		case 'POST /_simulator/advance':
			return advance(world, durationIn(fields, 'ms', undefined));
		case 'POST /_simulator/fail-next':
			return failNext(world, fields);
		case 'POST /_simulator/account':
			return changeAccount(world, fields);
		default:
			return undefined;
	}
}

function about(world: World): object {
	const { seed, clock, knobs, url } = world;
	return { seed, time_scale: clock.scale, now: new Date(clock.now()).toISOString(), url, knobs };
}

/** Changes some knobs; for what comes from now on. */
export function turn(world: World, fields: unknown): Knobs {
	const { knobs, problems } = readKnobs(fields);
	if (problems.length > 0) throw new ControlError(problems.join('; '));
	Object.assign(world.knobs, knobs);
	if (knobs.maxJobs !== undefined) for (const account of world.accounts.values()) reschedule(world, account);
	return world.knobs;
}

/** What is in memory only is lost: calls and webhooks under way. Jobs, keys and the rest stay. */
export function restart(world: World, downMs = 0): { restarted: number } {
	world.epoch++;
	world.agenda.clear();
	world.busyKeys.clear();
	for (const delivery of world.deliveries) {
		if (delivery.state === 'waiting') delivery.state = 'forgotten';
	}
	world.downUntilMs = world.clock.now() + downMs;
	resumeJobs(world);
	return { restarted: world.epoch };
}

/** Skips some time; what was to happen in it happens now. */
export function advance(world: World, ms: number): { now: string } {
	world.clock.advance(ms);
	world.noteTime();
	world.agenda.catchUp();
	return { now: new Date(world.clock.now()).toISOString() };
}

function failNext(world: World, { code, method = null, path = null, times = 1 }: Fields): object {
	const known = ERROR_CODES.find((each) => each === code);
	if (known === undefined) throw new ControlError(`code takes ${ERROR_CODES.join(', ')}`);
	if (!isTextOrNull(method) || !isTextOrNull(path)) throw new ControlError('method and path take a text, or null');
	if (typeof times !== 'number' || !Number.isInteger(times) || times < 1)
		throw new ControlError('times takes 1 and more');
	const order = { code: known as ErrorCode, method, path, times };
	world.orders.push(order);
	return order;
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';

/** `{ name, balanceUsd?, credits?, maxJobs?, spendingCapUsd? }`. */
function changeAccount(world: World, { name, ...changes }: Fields): object {
	const account = world.accounts.get(typeof name === 'string' ? name : '');
	if (account === undefined) throw new ControlError('name takes the name of an account');
	for (const [field, value] of Object.entries(changes)) {
		const known = ['balanceUsd', 'credits', 'maxJobs', 'spendingCapUsd'].includes(field);
		if (!known || typeof value !== 'number' || !(value >= 0)) throw new ControlError(`${field} cannot be changed so`);
	}
	Object.assign(account, changes);
	world.accounts.put(account.name, account);
	reschedule(world, account);
	const { keys: _, ...shown } = account;
	return shown;
}

function durationIn(fields: Fields, name: string, whole: number | undefined): number {
	const value = fields[name] === undefined ? whole : readDuration(fields[name]);
	if (value === undefined) throw new ControlError(`${name} takes a duration such as 30s`);
	return value;
}
