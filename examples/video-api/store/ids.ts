import { randomBytes } from 'node:crypto';

/** A new id, `v_` + time + chance: later ones sort after earlier ones. */
export function newId(prefix: string, now: number): string {
	const time = now.toString(36).padStart(9, '0');
	const chance = randomBytes(6).readUIntBE(0, 6).toString(36).padStart(10, '0');
	return `${prefix}_${time}${chance}`;
}
