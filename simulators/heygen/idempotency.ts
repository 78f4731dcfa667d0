/** `Idempotency-Key`: the first answer is given again, per account, endpoint and resource. */
import { ApiError } from './api-error.ts';
import type { KeyRecord } from './records.ts';
import type { World } from './world.ts';

const KEY = /^[A-Za-z0-9_\-:.]{1,255}$/;
const MANY = 50_000;

/** The key of a call, or undefined where it has none. Throws where it is not one. */
export function readKey(field: string | string[] | undefined): string | undefined {
	if (field === undefined) return undefined;
	if (typeof field === 'string' && KEY.test(field)) return field;
	throw new ApiError('invalid_parameter', 'Idempotency-Key takes 1 to 255 of A-Z a-z 0-9 _ - : .', {
		param: 'Idempotency-Key',
	});
}

/** The answer to give again; undefined: this call is the first and is under way now. Throws while another one is. */
export function claimKey(world: World, scope: string): KeyRecord | undefined {
	const now = world.clock.now();
	const record = world.keys.get(scope);
	if (world.busyKeys.has(scope))
		throw new ApiError('request_in_progress', 'The first request with this Idempotency-Key is still in progress.');
	if (record !== undefined && now < record.atMs + world.knobs.keyLifeMs) return record;
	world.busyKeys.add(scope);
	if (world.keys.size > MANY) forgetOld(world, now);
	return undefined;
}

/** What repeats get from now on. */
export function rememberAnswer(world: World, scope: string, { status, body }: { status: number; body: unknown }): void {
	world.keys.put(scope, { atMs: world.clock.now(), status, body });
}

/** The first call is over. */
export function releaseKey(world: World, scope: string): void {
	world.busyKeys.delete(scope);
}

/** Whether an error is what repeats of its call get. */
export function isReplayed(world: World, status: number): boolean {
	return world.knobs.replayErrors && status < 500 && ![401, 409, 429].includes(status);
}

function forgetOld(world: World, now: number): void {
	for (const [scope, { atMs }] of world.keys.entries()) {
		if (now >= atMs + world.knobs.keyLifeMs) world.keys.drop(scope);
	}
}
