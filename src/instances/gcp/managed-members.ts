/** The VMs of a managed instance group as members of the group. */
import { isIP } from 'node:net';
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { PlatformMember } from '../platform/platform.ts';
import type { PlatformError } from '../platform/platform-error.ts';
import { wordsOf } from '../platform/rest-client.ts';
import { gcpError } from './gcp-fault.ts';
import { nameOf } from './instance-group-api.ts';

export interface ManagedInstance {
	/** `videos-x1y2`, unique in the group. */
	readonly name: string;
	readonly link: string;
	/** Of the VM; empty while there is none. Another one under the same name is another VM. */
	readonly numericId: string;
	/** `NONE`, `CREATING`, `DELETING` … */
	readonly action: string;
	/** `RUNNING`, `STAGING` …; empty: it is not there. */
	readonly status: string;
	readonly ready: boolean | null;
	/** Of the last attempt at the action; null: none is told. */
	readonly fault: PlatformError | null;
}

/** Of the VM itself. */
export interface InstanceFacts {
	readonly numericId: string;
	readonly host: string;
	readonly startedAt: number;
	/** Link of its machine type; may be empty. */
	readonly machineType: string;
}

export function managedInstanceOf(raw: unknown): ManagedInstance | null {
	const link = textAt(raw, 'instance');
	const name = textAt(raw, 'name') || nameOf(link);
	if (name === '' || link === '') return null;
	const healths = listAt(raw, 'instanceHealth').map((one) => textAt(one, 'detailedHealthState'));
	const attempt = valueAt(raw, 'lastAttempt', 'errors');
	return {
		name,
		link,
		numericId: textAt(raw, 'id'),
		action: textAt(raw, 'currentAction') || 'NONE',
		status: textAt(raw, 'instanceStatus'),
		ready: readyOf(healths),
		fault: listAt(attempt, 'errors').length === 0 ? null : gcpError(attempt),
	};
}

function readyOf(healths: readonly string[]): boolean | null {
	if (healths.some((state) => state === 'UNHEALTHY' || state === 'TIMEOUT')) return false;
	return healths.length > 0 && healths.every((state) => state === 'HEALTHY') ? true : null;
}

export function factsOf(raw: unknown, address: 'internal' | 'external'): InstanceFacts {
	const [first] = listAt(raw, 'networkInterfaces');
	const outside = listAt(first, 'accessConfigs').map((one) => textAt(one, 'natIP'));
	const found = address === 'internal' ? textAt(first, 'networkIP') : (outside.find((one) => isIP(one) !== 0) ?? '');
	const started = textAt(raw, 'lastStartTimestamp') || textAt(raw, 'creationTimestamp');
	return {
		numericId: textAt(raw, 'id'),
		host: isIP(found) === 0 ? '' : found,
		startedAt: Date.parse(started) || 0,
		machineType: textAt(raw, 'machineType'),
	};
}

export function memberOf(one: ManagedInstance, facts: InstanceFacts | undefined, port: number): PlatformMember {
	const host = facts?.host ?? '';
	const life = lifeOf(one, host);
	const state = [one.action === 'NONE' ? '' : one.action, one.status].filter(Boolean).join(', ').toLowerCase();
	return {
		id: one.name,
		host,
		port,
		life,
		ready: one.ready,
		startedAt: facts?.startedAt ?? 0,
		note: wordsOf(one.fault?.message) || (life === 'running' ? '' : state),
	};
}

const PENDING = ['CREATING', 'CREATING_WITHOUT_RETRIES', 'RECREATING', 'STARTING', 'RESUMING', 'RESTARTING'];
const LEAVING = ['DELETING', 'ABANDONING', 'STOPPING', 'SUSPENDING'];

function lifeOf({ action, status }: ManagedInstance, host: string): PlatformMember['life'] {
	if (LEAVING.includes(action)) return 'leaving';
	if (PENDING.includes(action)) return 'pending';
	if (status === 'RUNNING') return host === '' ? 'pending' : 'running';
	if (['STOPPING', 'PENDING_STOP', 'SUSPENDING', 'DEPROVISIONING'].includes(status)) return 'leaving';
	return ['STOPPED', 'SUSPENDED', 'TERMINATED'].includes(status) ? 'failed' : 'pending';
}
