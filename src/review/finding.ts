/** What a review found, in a sentence. */
import type { Unit } from '../core/metric.ts';

export type FindingKind = 'saturated' | 'failing' | 'time' | 'small' | 'big' | 'uneven' | 'alert' | 'blind';

export interface Finding {
	kind: FindingKind;
	/** `problem`: it hurts now. `advice`: something to change. `note`: good to know. */
	weight: 'problem' | 'advice' | 'note';
	/** What it is about; whatever does not apply is left out. */
	about: { service?: string; route?: string; instance?: string; alert?: string };
	/** One or two plain sentences. Not inert: names in it come from the configuration. */
	text: string;
	/** The figures that it rests on. */
	figures: { name: string; value: number; unit: Unit }[];
}
