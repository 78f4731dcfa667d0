/** Which of the machine types that may be chosen fits a size that is wanted. */
import type { MemberSize } from './platform.ts';

export interface TypeFacts {
	readonly type: string;
	/** Virtual CPUs. */
	readonly cpu: number;
	readonly memoryBytes: number;
}

const MIB = 1024 * 1024;

/** The smallest that has both; of two alike the one named first. undefined: none has. */
export function fittingType(types: readonly TypeFacts[], wanted: MemberSize): TypeFacts | undefined {
	return types
		.filter(({ cpu, memoryBytes }) => cpu >= (wanted.cpu ?? 0) && memoryBytes >= (wanted.memoryBytes ?? 0))
		.toSorted((a, b) => a.cpu - b.cpu || a.memoryBytes - b.memoryBytes)[0];
}

/** What is not said stays as large as it is. */
export function filledUp(wanted: MemberSize, current: TypeFacts | undefined): MemberSize {
	return {
		cpu: wanted.cpu ?? current?.cpu ?? null,
		memoryBytes: wanted.memoryBytes ?? current?.memoryBytes ?? null,
	};
}

/** `4 vCPUs and 8192 MiB`. */
export function sizeInWords({ cpu, memoryBytes }: MemberSize): string {
	return [
		...(cpu === null ? [] : [`${cpu} vCPUs`]),
		...(memoryBytes === null ? [] : [`${Math.ceil(memoryBytes / MIB)} MiB`]),
	].join(' and ');
}
