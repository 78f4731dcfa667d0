import { setPriority } from 'node:os';
import type { InstanceSize } from '../../config.ts';
import type { ProcessSizes } from './process-sizes.ts';

/** Where there are no cgroups to be had: who is given less CPU gets it later, and nobody is held to anything. */
export class NiceSizes implements ProcessSizes {
	readonly kind = 'priority';
	readonly holds = { cpu: false, memory: false };

	give(_: string, pid: number, { cpu }: InstanceSize): string | null {
		if (cpu === null) return null;
		try {
			setPriority(pid, niceOf(cpu));
			return null;
		} catch (error) {
			return `its priority cannot be set: ${(error as Error).message}`;
		}
	}

	ended(): boolean {
		return false;
	}
}

/** A step of priority is a quarter more or less of the CPU: a core is normal, half of one 3 steps lower. */
export function niceOf(cores: number): number {
	// Raising one's priority takes a permission that few have.
	return Math.min(19, Math.max(0, Math.round(-Math.log(cores) / Math.log(1.25))));
}
