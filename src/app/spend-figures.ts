/** What a tenant spends, in units of money. The counts are since the thread began. */
export interface SpendFigures {
	service: string;
	/** Of a label: its name where the configuration has it, else a hash; `other`: of many; `*`: all together. */
	tenant: string;
	/** As clients say it. */
	name: string;
	/** Within the time that is now, over all nodes; null: not known yet. */
	used: number | null;
	/** null: there is none. */
	limit: number | null;
	/** When `used` begins anew, epoch ms. */
	untilMs: number;
	/** What jobs cost that the upstream took, and requests that were refused. */
	spent: number;
	refused: number;
}
