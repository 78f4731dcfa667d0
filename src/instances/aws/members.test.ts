import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import { type Around, busyWith, countsAsDesired, countsAsMember, memberOf } from './members.ts';

const around: Around = {
	port: 8080,
	place: () => ({ host: '10.0.0.1', startedAt: 5 }),
	healthy: () => null,
	ended: () => false,
};

const instance = (LifecycleState: string, HealthStatus = 'Healthy'): Instance =>
	({ InstanceId: 'i-1', LifecycleState, HealthStatus }) as Instance;

test('each state of the platform is a life, or no member', () => {
	const lives: [string, string | null, boolean][] = [
		['Pending', 'pending', true],
		['Pending:Wait', 'pending', true],
		['Pending:Proceed', 'pending', true],
		['InService', 'running', true],
		['Terminating', 'leaving', false],
		['Terminating:Wait', 'leaving', false],
		['Terminating:Proceed', 'leaving', false],
		['Terminating:Retained', 'leaving', false],
		['EnteringStandby', 'leaving', false],
		['Standby', 'leaving', false],
		['Quarantined', 'failed', false],
		['Detaching', null, false],
		['Detached', null, false],
		['Terminated', null, false],
		['Warmed:Stopped', null, false],
		['Warmed:Running', null, false],
		['Warmed:Terminating:Wait', null, false],
		['SomethingNew', 'pending', false],
	];
	for (const [state, life, desired] of lives) {
		const one = instance(state);
		assert.equal(countsAsMember(one) ? memberOf(one, around).life : null, life, state);
		assert.equal(countsAsDesired(one), desired, state);
	}
});

test('without an address it is pending; ended by us it leaves, whatever the group shows', () => {
	const nowhere = { ...around, place: () => undefined };
	assert.deepEqual(memberOf(instance('InService'), nowhere), {
		id: 'i-1',
		host: '',
		port: 8080,
		life: 'pending',
		ready: false,
		startedAt: 0,
		note: '',
	});
	assert.equal(memberOf(instance('InService'), { ...around, ended: () => true }).life, 'leaving');
});

test('ready is what the target groups say, and no for one that the group finds unhealthy', () => {
	assert.equal(memberOf(instance('InService'), around).ready, null);
	assert.equal(memberOf(instance('InService'), { ...around, healthy: () => true }).ready, true);
	const sick = memberOf(instance('InService', 'Unhealthy'), { ...around, healthy: () => true });
	assert.deepEqual([sick.ready, sick.note], [false, 'the group finds it unhealthy']);
});

test('busy says what is under way', () => {
	const group = {
		DesiredCapacity: 4,
		Instances: [instance('InService'), instance('Pending'), instance('Terminating')],
	};
	assert.equal(busyWith(group as AutoScalingGroup, null), '3 starting, 1 ending');
	assert.equal(busyWith({ DesiredCapacity: 1, Instances: [instance('InService')] } as AutoScalingGroup, null), null);
	assert.equal(busyWith({ DesiredCapacity: 0 } as AutoScalingGroup, 40), 'an instance refresh is at 40 %');
});
