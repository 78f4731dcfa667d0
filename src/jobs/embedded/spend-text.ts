import type { Job, JobSpend } from '../job.ts';

/** What a job costs, as it stands with it. */
export interface KeptSpend {
	cost: number;
	since: number;
	keys: readonly string[];
	/** 0: it was given back. */
	counted: 0 | 1;
}

export const spendText = ({ cost, sinceMs, of }: JobSpend): string =>
	writeSpend({ cost, since: sinceMs, keys: of.map(({ key }) => key), counted: 1 });

export const writeSpend = (spend: KeptSpend): string => JSON.stringify(spend);

export const readSpend = (text: string): KeptSpend => JSON.parse(text) as KeptSpend;

/** Of a job as it is told. */
export function spentOf(text: string | null): Pick<Job, 'spent'> {
	if (text === null) return {};
	const { cost, keys, counted } = readSpend(text);
	return { spent: { cost, keys, counted: counted === 1 } };
}
