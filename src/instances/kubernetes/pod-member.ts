/** The pods of a workload as members of the group. Pure. */
import { isIP } from 'node:net';
import { listAt, numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { PlatformMember } from '../platform/platform.ts';
import { wordsOf } from '../platform/rest-client.ts';
import type { KubernetesConfig } from './config.ts';
import { conditionOf } from './workload.ts';

/** Pods that failed stay listed until somebody deletes them: so many of them are shown, the newest. */
const MOST_FAILED = 5;

export const nameOf = (pod: unknown): string => textAt(pod, 'metadata', 'name');

/** Made by this workload, and not by another one whose pods bear the same labels. */
export function isOf({ kind, name }: KubernetesConfig['workload'], pod: unknown): boolean {
	const owner = listAt(pod, 'metadata', 'ownerReferences').find((one) => valueAt(one, 'controller') === true);
	if (kind === 'statefulset') return textAt(owner, 'kind') === 'StatefulSet' && textAt(owner, 'name') === name;
	// Behind its name stands a hash without `-`: those of `api-admin` are not `api`'s.
	const replicaSet = textAt(owner, 'name');
	const hash = replicaSet.startsWith(`${name}-`) ? replicaSet.slice(name.length + 1) : '';
	return textAt(owner, 'kind') === 'ReplicaSet' && /^[a-z0-9]+$/.test(hash);
}

/** Where a pod is reached: no host or port 0: nowhere yet; `why`: half a sentence, may be empty. */
export interface MemberPlace {
	readonly host: string;
	readonly port: number;
	readonly why: string;
}

/** @param toMember where each is reached, and in what state it is */
export function membersOf(pods: readonly unknown[], toMember: (pod: unknown) => PlatformMember): PlatformMember[] {
	const all = pods.filter((pod) => nameOf(pod) !== '').map(toMember);
	const failed = all.filter(({ life }) => life === 'failed').sort((one, other) => other.startedAt - one.startedAt);
	const old = new Set(failed.slice(MOST_FAILED));
	return all.filter((member) => !old.has(member));
}

/** At its own address. */
export function memberOf(pod: unknown, port: number | string): PlatformMember {
	const ip = textAt(pod, 'status', 'podIP');
	const place = { host: isIP(ip) === 0 ? '' : ip, port: portOf(pod, port) };
	return memberAt(pod, { ...place, why: place.port === 0 ? `no container has a port named ${port}` : '' });
}

export function memberAt(pod: unknown, { host, port, why }: MemberPlace): PlatformMember {
	const ready = textAt(conditionOf(pod, 'Ready'), 'status');
	const life = lifeOf(pod, host);
	return {
		id: nameOf(pod),
		host,
		port,
		life: life === 'running' && port === 0 ? 'pending' : life,
		ready: ready === '' ? null : ready === 'True',
		startedAt: Date.parse(textAt(pod, 'metadata', 'creationTimestamp')) || 0,
		note: noteOf(pod) || why,
	};
}

/** Neither about to go nor at its end: what the controller counts. */
export function isLive(pod: unknown): boolean {
	const phase = textAt(pod, 'status', 'phase');
	return textAt(pod, 'metadata', 'deletionTimestamp') === '' && phase !== 'Failed' && phase !== 'Succeeded';
}

function lifeOf(pod: unknown, host: string): PlatformMember['life'] {
	if (textAt(pod, 'metadata', 'deletionTimestamp') !== '') return 'leaving';
	if (!isLive(pod)) return 'failed';
	return textAt(pod, 'status', 'phase') === 'Pending' || host === '' ? 'pending' : 'running';
}

/** 0: it has none of this name. */
function portOf(pod: unknown, port: number | string): number {
	if (typeof port === 'number') return port;
	for (const container of [...listAt(pod, 'spec', 'containers'), ...listAt(pod, 'spec', 'initContainers')]) {
		const found = listAt(container, 'ports').find((one) => textAt(one, 'name') === port);
		if (found !== undefined) return numberAt(found, 'containerPort') ?? 0;
	}
	return 0;
}

/** What waits, and why; may be empty. */
function noteOf(pod: unknown): string {
	const waiting = listAt(pod, 'status', 'containerStatuses')
		.map((one) => valueAt(one, 'state', 'waiting'))
		.find((one) => !['', 'ContainerCreating', 'PodInitializing'].includes(textAt(one, 'reason')));
	const place = conditionOf(pod, 'PodScheduled');
	const unscheduled = textAt(place, 'status') === 'False' ? place : null;
	const resize = conditionOf(pod, 'PodResizePending');
	for (const one of [valueAt(pod, 'status'), waiting, unscheduled, resize]) {
		const [reason, message] = [textAt(one, 'reason'), textAt(one, 'message')];
		if (reason !== '') return wordsOf(message === '' ? reason : `${reason}: ${message}`);
	}
	return '';
}

/** Its node will never have room for the size that it was given. */
export function cannotResize(pod: unknown): boolean {
	return textAt(conditionOf(pod, 'PodResizePending'), 'reason') === 'Infeasible';
}

/** Epoch ms since when the scheduler has no place for it; null: it has one. */
export function unscheduledSince(pod: unknown): number | null {
	const place = conditionOf(pod, 'PodScheduled');
	if (textAt(place, 'status') !== 'False' || textAt(place, 'reason') !== 'Unschedulable') return null;
	return Date.parse(textAt(place, 'lastTransitionTime')) || 0;
}
