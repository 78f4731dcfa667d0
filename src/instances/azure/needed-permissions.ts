/** What will be needed later, asked beforehand: Azure lists what the caller may do to the scale set. */
import { listAt } from '../platform/json-reading.ts';
import type { PermissionsFound } from '../platform/platform.ts';
import { asPlatformError, wordsOf } from '../platform/platform-call.ts';

const SET = 'Microsoft.Compute/virtualMachineScaleSets';
/** Beside those that the first look has used. */
const ON_THE_SCALE_SET = [`${SET}/write`, `${SET}/delete/action`];
/** Granted by the subscription, whose permissions Azure lists to nobody. */
const ELSEWHERE = 'Microsoft.Compute/locations/operations/read';

/** @param list asks for the permissions of the scale set */
export async function findPermissions(list: () => Promise<readonly unknown[]>): Promise<PermissionsFound> {
	try {
		const roles = await list();
		const missing = ON_THE_SCALE_SET.filter((action) => !roles.some((role) => grants(role, action)));
		return { missing, untested: [ELSEWHERE], why: 'it is a permission of the subscription' };
	} catch (error) {
		return { missing: [], untested: [...ON_THE_SCALE_SET, ELSEWHERE], why: wordsOf(asPlatformError(error)) };
	}
}

/** One role of the caller: what its `notActions` take away another one may give. */
export function grants(role: unknown, action: string): boolean {
	const says = (key: string): boolean =>
		listAt(role, key).some((pattern) => typeof pattern === 'string' && matches(pattern, action));
	return says('actions') && !says('notActions');
}

/** `*` stands for anything; the case is all the same. */
function matches(pattern: string, action: string): boolean {
	const parts = pattern.toLowerCase().split('*');
	const [first = ''] = parts;
	const text = action.toLowerCase();
	if (parts.length === 1) return first === text;
	if (!text.startsWith(first)) return false;
	let at = first.length;
	for (const part of parts.slice(1, -1)) {
		const found = text.indexOf(part, at);
		if (found < 0) return false;
		at = found + part.length;
	}
	const last = parts.at(-1) ?? '';
	return text.length - last.length >= at && text.endsWith(last);
}
