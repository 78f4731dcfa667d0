import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Activity } from '@aws-sdk/client-auto-scaling';
import { failedLaunch } from './failures.ts';

const launch = (StatusCode: string, StatusMessage?: string): Activity =>
	({ Description: 'Launching a new EC2 instance', StatusCode, StatusMessage }) as Activity;

test('only the newest launch counts', () => {
	assert.equal(failedLaunch([]), null);
	assert.equal(failedLaunch([launch('InProgress'), launch('Failed', 'no capacity')]), null);
	assert.equal(failedLaunch([launch('Successful')]), null);
	const ending = { Description: 'Terminating EC2 instance: i-1', StatusCode: 'Failed' } as Activity;
	assert.equal(failedLaunch([ending, launch('Failed', 'x')])?.message, 'x');
});

test("AWS's words are kept, and say what kind of failure it is", () => {
	const cases: [string, string][] = [
		[
			'We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-central-1a). Launching EC2 instance failed.',
			'capacity',
		],
		['Could not launch On-Demand Instances. InsufficientInstanceCapacity - There is no capacity', 'capacity'],
		[
			'You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket. Launching EC2 instance failed.',
			'capacity',
		],
		[
			'There are not enough free addresses in subnet subnet-1 to satisfy the requested number of instances.',
			'capacity',
		],
		['Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded.', 'capacity'],
		['You are not authorized to perform this operation. Launching EC2 instance failed.', 'denied'],
		['The image id [ami-1] does not exist. Launching EC2 instance failed.', 'bad_request'],
	];
	for (const [words, fault] of cases) {
		const found = failedLaunch([launch('Failed', words)]);
		assert.deepEqual([found?.fault, found?.message], [fault, words]);
	}
});
