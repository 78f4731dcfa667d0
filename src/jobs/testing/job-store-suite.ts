/** What every store of jobs promises; each adapter's test runs it. */
import { test } from 'node:test';
import { ADDING_CASES } from './adding-cases.ts';
import { CHANGE_CASES } from './change-cases.ts';
import { JobStage, type JobStoreHome } from './job-stage.ts';
import { KEEPING_CASES } from './keeping-cases.ts';
import { LANE_CASES } from './lane-cases.ts';
import { LEASE_CASES } from './lease-cases.ts';
import { OUTCOME_CASES } from './outcome-cases.ts';
import { SPEND_CASES } from './spend-cases.ts';
import { TURN_CASES } from './turn-cases.ts';

const CASES = {
	...ADDING_CASES,
	...TURN_CASES,
	...LANE_CASES,
	...LEASE_CASES,
	...OUTCOME_CASES,
	...CHANGE_CASES,
	...SPEND_CASES,
	...KEEPING_CASES,
};

/** Declares the tests of one adapter. @param make a fresh, empty place for jobs */
export function jobStoreSuite(name: string, make: () => Promise<JobStoreHome>): void {
	for (const [title, run] of Object.entries(CASES)) {
		test(`${name}: ${title}`, async () => {
			await using home = await make();
			await run(await JobStage.on(home));
		});
	}
}
