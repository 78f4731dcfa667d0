/** An Auto Scaling group as the port wants to see it: pure. */
import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import type { PlatformMember } from '../platform/platform.ts';

/** What EC2 says of an instance. */
export interface Place {
	/** Empty: it has none yet. */
	readonly host: string;
	/** Epoch ms; 0: not known. */
	readonly startedAt: number;
}

/** What is known of a member besides the group's own word. */
export interface Around {
	readonly port: number;
	place(id: string): Place | undefined;
	/** Of the target groups; null: they say nothing. */
	healthy(id: string): boolean | null;
	/** Ended by us, and the group does not show it yet. */
	ended(id: string): boolean;
}

/** Of its life at the group: `InService`, `Terminating:Wait` … */
export function stateOf(instance: Instance | undefined): string {
	return instance?.LifecycleState ?? '';
}

/** Instances of the warm pool are kept for later: they are no members. */
export function countsAsMember(instance: Instance): boolean {
	return !/^(?:Warmed|Detach|Terminated$)/.test(stateOf(instance));
}

/** Waits in a hook of its end: that is when it is drained. */
export function waitsToEnd(instance: Instance | undefined): boolean {
	return stateOf(instance) === 'Terminating:Wait';
}

/** Counts towards the desired size: members on their way out and those in standby do not. */
export function countsAsDesired(instance: Instance): boolean {
	const state = stateOf(instance);
	return /^(?:Pending|InService|ReplacingRootVolume|RootVolumeReplaced)/.test(state);
}

export function memberOf(instance: Instance, around: Around): PlatformMember {
	const id = instance.InstanceId ?? '';
	const place = around.place(id);
	const life = lifeOf(instance, around, place);
	const unhealthy = instance.HealthStatus !== undefined && !/^healthy$/i.test(instance.HealthStatus);
	return {
		id,
		host: place?.host ?? '',
		port: around.port,
		life,
		ready: life === 'pending' || unhealthy ? false : around.healthy(id),
		startedAt: place?.startedAt ?? 0,
		note: noteOf(instance, unhealthy),
	};
}

function lifeOf(instance: Instance, around: Around, place: Place | undefined): PlatformMember['life'] {
	const state = stateOf(instance);
	if (around.ended(instance.InstanceId ?? '')) return 'leaving';
	if (/^(?:Terminating|Standby|EnteringStandby)/.test(state)) return 'leaving';
	if (state === 'Quarantined') return 'failed';
	if (state !== 'InService') return 'pending';
	return place === undefined || place.host === '' ? 'pending' : 'running';
}

function noteOf(instance: Instance, unhealthy: boolean): string {
	const state = stateOf(instance);
	if (state === 'Terminating:Wait') return 'waits in its lifecycle hook to be drained';
	if (state.startsWith('Terminating')) return 'the group ends it';
	if (/Standby$/.test(state)) return 'in standby';
	if (state === 'Pending:Wait') return 'waits in a lifecycle hook of its launch';
	if (unhealthy) return 'the group finds it unhealthy';
	return state === 'InService' || state === 'Pending' ? '' : state;
}

/** What the group is busy with; null: nothing. `refresh`: percent of an instance refresh under way; null: none. */
export function busyWith(group: AutoScalingGroup, refresh: number | null): string | null {
	const instances = (group.Instances ?? []).filter(countsAsMember);
	const starting = instances.filter((instance) => stateOf(instance).startsWith('Pending')).length;
	const ending = instances.filter((instance) => stateOf(instance).startsWith('Terminating')).length;
	const missing = Math.max(0, (group.DesiredCapacity ?? 0) - instances.filter(countsAsDesired).length);
	const parts = [
		...(group.Status === undefined ? [] : [group.Status.toLowerCase()]),
		...(refresh === null ? [] : [`an instance refresh is at ${refresh} %`]),
		...(starting + missing === 0 ? [] : [`${starting + missing} starting`]),
		...(ending === 0 ? [] : [`${ending} ending`]),
	];
	return parts.length === 0 ? null : parts.join(', ');
}
