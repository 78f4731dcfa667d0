/** What the fake cloud holds: plain data, so that a snapshot of it is a copy. */
import type { LifecycleHook, ScalingPolicy, ScheduledUpdateGroupAction } from '@aws-sdk/client-auto-scaling';

export type Lifecycle =
	| 'Pending'
	| 'Pending:Wait'
	| 'InService'
	| 'Standby'
	| 'Terminating'
	| 'Terminating:Wait'
	| 'Terminating:Proceed'
	| 'Warmed:Stopped';

export interface FakeInstance {
	id: string;
	group: string;
	lifecycle: Lifecycle;
	health: 'Healthy' | 'Unhealthy';
	protected: boolean;
	type: string;
	privateIp: string;
	publicIp: string | null;
	ipv6: string | null;
	launchedAt: number;
	/** When it goes on to its next state; null: not by itself. */
	dueAt: number | null;
	templateVersion: string;
}

export interface FakeGroup {
	name: string;
	min: number;
	max: number;
	desired: number;
	targetGroupArns: string[];
	suspended: string[];
	template: { id: string; name: string; version: string } | null;
	/** Of a launch that failed. */
	retryAt: number;
}

export interface FakeActivity {
	id: string;
	group: string;
	description: string;
	cause: string;
	statusCode: 'Successful' | 'Failed' | 'InProgress';
	statusMessage: string | null;
	startedAt: number;
}

export interface FakeTarget {
	id: string;
	port: number;
	state: 'initial' | 'healthy' | 'unhealthy' | 'draining';
	dueAt: number;
}

export interface FakeRefresh {
	id: string;
	group: string;
	status: 'Pending' | 'InProgress' | 'Successful';
	version: string;
}

export interface CloudState {
	groups: FakeGroup[];
	instances: FakeInstance[];
	ended: FakeInstance[];
	activities: FakeActivity[];
	hooks: LifecycleHook[];
	policies: ScalingPolicy[];
	scheduled: ScheduledUpdateGroupAction[];
	targets: Record<string, FakeTarget[]>;
	/** Instance type of each version of each launch template. */
	templates: Record<string, { name: string; versions: string[]; tokens: Record<string, number> }>;
	refreshes: FakeRefresh[];
	heartbeats: Record<string, number>;
}

export interface CloudTimes {
	/** From a launch to InService, ms. */
	startMs: number;
	/** From the end's beginning to gone, ms. */
	endMs: number;
	/** From registered to healthy at a target group, ms. */
	registerMs: number;
	/** Until a failed launch is tried again, ms. */
	retryMs: number;
}

export const EMPTY: CloudState = {
	groups: [],
	instances: [],
	ended: [],
	activities: [],
	hooks: [],
	policies: [],
	scheduled: [],
	targets: {},
	templates: {},
	refreshes: [],
	heartbeats: {},
};
