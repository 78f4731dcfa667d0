/**
 * The pods of a workload as the EndpointSlices of a Service show them: address, port and conditions are those of the
 * slices, what else is told of a pod is its own. Pure. discovery.k8s.io/v1.
 */
import { isIP } from 'node:net';
import { listAt, numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { PlatformMember } from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { type MemberPlace, nameOf } from './pod-member.ts';

/** Slices of a Service: the label that each of them bears. */
export const SERVICE_LABEL = 'kubernetes.io/service-name';

interface Endpoint {
	readonly host: string;
	/** 0: its slice has no such port. */
	readonly port: number;
	/** Of the pod; '': not told. */
	readonly uid: string;
	readonly ready: boolean;
	readonly serving: boolean;
	readonly terminating: boolean;
}

export interface ServicePort {
	readonly service: string;
	/** A port of the Service by its name, or the number that pods listen on. */
	readonly port: number | string;
}

/**
 * Members that are pods, with what the slices say of them.
 * @throws PlatformError `not_found`: there is no slice, so that nothing is known of any pod
 */
export class Endpoints {
	readonly #of: ServicePort;
	/** By the pod's name. */
	readonly #byPod = new Map<string, Endpoint[]>();

	constructor(slices: readonly unknown[], of: ServicePort) {
		this.#of = of;
		const known = slices.filter((slice) => ['IPv4', 'IPv6'].includes(textAt(slice, 'addressType')));
		// Of a Service that selects pods there is always one, be it an empty one.
		if (known.length === 0)
			throw new PlatformError('not_found', `there is no EndpointSlice of the Service ${of.service}`);
		for (const slice of known) {
			const port = portOf(slice, of.port);
			for (const endpoint of listAt(slice, 'endpoints')) this.#add(endpoint, port);
		}
	}

	/** Where a pod is reached. */
	placeOf(pod: unknown): MemberPlace {
		const { service, port } = this.#of;
		const found = this.#find(pod);
		if (found === null) return { host: '', port: 0, why: `the Service ${service} does not list it` };
		const why = found.port === 0 ? `the Service ${service} has no port ${port}` : '';
		return { host: found.host, port: found.port, why };
	}

	/** With the conditions of its endpoint. One that leaves takes no more requests, whether it still serves or not. */
	told(member: PlatformMember, pod: unknown): PlatformMember {
		const found = this.#find(pod);
		if (found === null || member.life === 'failed') return { ...member, ready: false };
		const ends = found.terminating || member.life === 'leaving';
		const note = ends && member.note === '' && found.serving ? 'it ends, and serves what it has' : member.note;
		return { ...member, life: ends ? 'leaving' : member.life, ready: found.ready && !ends, note };
	}

	#add(endpoint: unknown, port: number): void {
		const ref = valueAt(endpoint, 'targetRef');
		const [name, address] = [textAt(ref, 'name'), listAt(endpoint, 'addresses')[0]];
		if (textAt(ref, 'kind') !== 'Pod' || name === '' || typeof address !== 'string' || isIP(address) === 0) return;
		const condition = (type: string, otherwise: boolean): boolean => {
			const said = valueAt(endpoint, 'conditions', type);
			return typeof said === 'boolean' ? said : otherwise;
		};
		const ready = condition('ready', true);
		const more = { ready, serving: condition('serving', ready), terminating: condition('terminating', false) };
		const all = this.#byPod.get(name) ?? [];
		all.push({ host: address, port, uid: textAt(ref, 'uid'), ...more });
		this.#byPod.set(name, all);
	}

	/**
	 * Of a pod that was made anew under its name, that of its present life. Of several (two families of addresses, or
	 * one that moves from slice to slice) one that ends ends; else a ready one, with the pod's own address first.
	 */
	#find(pod: unknown): Endpoint | null {
		const uid = textAt(pod, 'metadata', 'uid');
		const ip = textAt(pod, 'status', 'podIP');
		const all = (this.#byPod.get(nameOf(pod)) ?? []).filter((one) => one.uid === '' || uid === '' || one.uid === uid);
		const rank = (one: Endpoint): number =>
			Number(one.terminating) * 8 + Number(one.port > 0) * 4 + Number(one.ready) * 2 + Number(one.host === ip);
		return all.sort((one, other) => rank(other) - rank(one))[0] ?? null;
	}
}

function portOf(slice: unknown, port: number | string): number {
	const wanted = (one: unknown) => (typeof port === 'number' ? numberAt(one, 'port') : textAt(one, 'name')) === port;
	const number = numberAt(listAt(slice, 'ports').find(wanted), 'port') ?? 0;
	return Number.isInteger(number) && number > 0 && number <= 65_535 ? number : 0;
}
