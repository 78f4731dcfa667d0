/** How often pods were ended for want of memory: Kubernetes shows the last end of each alone. */
import { textAt } from '../platform/json-reading.ts';
import type { MemoryEnds, PlatformMember } from '../platform/platform.ts';
import { nameOf } from './pod-member.ts';
import { limitOf, memoryEndOf, requestOf, sizedContainer } from './sized-container.ts';

interface Counted {
	readonly uid: string;
	/** The end that was counted last; null: none. */
	end: string | null;
	count: number;
}

export class MemoryEndCount {
	readonly #port: number | string;
	#pods = new Map<string, Counted>();

	constructor(port: number | string) {
		this.#port = port;
	}

	/** Members with their ends. @param pods as they were listed */
	count(pods: readonly unknown[], members: readonly PlatformMember[]): PlatformMember[] {
		const before = this.#pods;
		this.#pods = new Map();
		const ends = new Map(pods.map((pod) => [nameOf(pod), this.#look(pod, before.get(nameOf(pod)))]));
		return members.map((member) => ({ ...member, memoryEnds: ends.get(member.id) ?? null }));
	}

	#look(pod: unknown, before: Counted | undefined): MemoryEnds {
		const uid = textAt(pod, 'metadata', 'uid');
		const counted = before?.uid === uid ? before : { uid, end: null, count: 0 };
		const end = memoryEndOf(pod, this.#port);
		if (end !== null && end !== counted.end) {
			counted.end = end;
			counted.count++;
		}
		this.#pods.set(nameOf(pod), counted);
		const container = sizedContainer(pod, this.#port);
		return { count: counted.count, memoryBytes: limitOf(container, 'memory') ?? requestOf(container, 'memory') };
	}
}
